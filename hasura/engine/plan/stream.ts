/**
 * `X_stream`: the rows after a cursor, a batch at a time, in the order of one column.
 *
 * Source: https://hasura.io/docs/2.0/subscriptions/postgres/streaming/index/
 */
import { invalid } from '../errors.ts'
import { commonName } from '../model/naming.ts'
import type { Table } from '../model.ts'
import { rowsOf } from './permission.ts'
import { maskOf, permitted } from './permitted.ts'
import { both, type Stream } from './plan.ts'
import type { Planner } from './planner.ts'
import { itemType, type Member, type Place, readChoice, readList, readObject } from './read.ts'
import { readCount, smaller } from './row-count.ts'
import { planOutputs } from './select.ts'
import { argumentPlace, below, type SelectedField } from './selected.ts'
import { pgType, readValue } from './values.ts'
import { planWhere } from './where.ts'

export function planStream(planner: Planner, selected: SelectedField, table: Table): Stream {
  const place = (name: string) => argumentPlace(selected, name)
  const [batchName, cursorName] = streamArguments(table)
  const at = place(batchName)
  const where = place('where')
  const filter = where ? planWhere(planner, selected.args.get('where'), where, table) : undefined
  const batch = at && readCount(planner, selected.args.get(batchName), at)
  return {
    ...readCursor(planner, selected, table, cursorName),
    rows: rowsOf(table, [], both(permitted(planner, table), ...(filter ? [filter] : []))),
    batch: smaller(batch, planner.schema.select(table)?.limit),
    outputs: planOutputs(planner, below(planner, selected), table),
  }
}

export function streamArguments({ naming }: Table): [batch: string, cursor: string] {
  return [commonName(naming, 'batch_size'), 'cursor']
}

type Cursor = Pick<Stream, 'by' | 'descending' | 'initial'>

function readCursor(planner: Planner, selected: SelectedField, table: Table, name: string): Cursor {
  const place = argumentPlace(selected, name)
  const items = place && readList(planner, selected.args.get(name), place)
  const [item, ...others] = items ?? []
  if (!place || !item || others.length > 0)
    throw invalid(`${selected.path}.args.${name}`, 'exactly one cursor is expected')
  const members = readObject(planner, item.input, { type: itemType(place.type), path: item.path })
  const initial = members?.get(commonName(table.naming, 'initial_value'))
  const values = initial && readObject(planner, initial.input, placeOf(initial))
  const [value, ...more] = values?.values() ?? []
  if (!value || more.length > 0 || value.field.means.is !== 'column')
    throw invalid(item.path, 'exactly one column of the cursor is expected')
  const { column } = value.field.means
  const ordering = members?.get('ordering')
  const mask = planner.schema.select(table)?.columns.get(column)
  return {
    by: { is: 'column', name: column.name, row: 'this', ...maskOf(planner, table, mask) },
    descending: ordering ? readChoice(planner, ordering.input, placeOf(ordering)).name === 'DESC' : false,
    initial: readValue(planner, value.input, { ...placeOf(value), postgres: pgType(column.type) }),
  }
}

function placeOf({ field, path }: Member): Place {
  return { type: field.type, path }
}
