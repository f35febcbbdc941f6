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
import { argumentPlace, below, optionalPlace, type SelectedField } from './selected.ts'
import { pgType, readValue } from './values.ts'
import { planWhere } from './where.ts'

export function planStream(planner: Planner, selected: SelectedField, table: Table): Stream {
  const [batchName, cursorName] = streamArguments(table)
  const at = argumentPlace(selected, batchName)
  const where = optionalPlace(selected, 'where')
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
  const cursors = (items ?? []).flatMap(({ input, path }) => {
    const type = itemType(place?.type ?? selected.field.type)
    const members = readObject(planner, input, { type, path, nullIsNothing: true })
    const initial = members?.get(commonName(table.naming, 'initial_value'))
    const values = initial && readObject(planner, initial.input, placeOf(initial))
    return [...(values?.values() ?? [])].map(value => ({ value, ordering: members?.get('ordering') }))
  })
  const [cursor, ...others] = cursors
  if (cursor?.value.field.means.is !== 'column')
    throw invalid(`${selected.path}.args`, 'one streaming column field is expected')
  if (others.length > 0)
    throw invalid(`${selected.path}.args`, 'multiple column cursors are not supported yet')
  const { value, ordering } = cursor
  const { column } = cursor.value.field.means
  const mask = planner.schema.select(table)?.columns.get(column)
  return {
    by: { is: 'column', name: column.name, row: 'this', ...maskOf(planner, table, mask) },
    descending: ordering ? readChoice(planner, ordering.input, placeOf(ordering)).name === 'DESC' : false,
    initial: readValue(planner, value.input, {
      ...placeOf(value),
      postgres: pgType(column.type),
      nulls: column.nullable,
    }),
  }
}

function placeOf({ field, path }: Member): Place {
  return { type: field.type, path }
}
