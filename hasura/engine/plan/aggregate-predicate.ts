/** `articles_aggregate: {count: {filter: …, predicate: {_gt: 3}}}` inside a where. */
import type { CatalogType } from '../catalog.ts'
import { invalid } from '../errors.ts'
import type { Relation, Table } from '../model.ts'
import { type InputField, namedType } from '../schema/types.ts'
import { planComparisons } from './comparisons.ts'
import type { Input } from './input.ts'
import { joinOf, rowsOf } from './permission.ts'
import { maskOf, permitted } from './permitted.ts'
import { always, type BoolExp, type Expression } from './plan.ts'
import type { Planner } from './planner.ts'
import {
  choice,
  itemType,
  type Member,
  type Place,
  peel,
  readBoolean,
  readChoice,
  readList,
  readObject,
} from './read.ts'

const types: Record<string, CatalogType> = {
  count: { name: 'int4', schema: 'pg_catalog', kind: 'b' },
  bool_and: { name: 'bool', schema: 'pg_catalog', kind: 'b' },
  bool_or: { name: 'bool', schema: 'pg_catalog', kind: 'b' },
}
const float8: CatalogType = { name: 'float8', schema: 'pg_catalog', kind: 'b' }

type PlanWhere = (planner: Planner, input: Input, place: Place, table: Table) => BoolExp

export function planAggregatePredicate(
  planner: Planner,
  input: Input,
  place: Place,
  relation: Relation,
  planWhere: PlanWhere,
): BoolExp {
  const members = readObject(planner, input, place)
  if (!members) return always
  const [only, ...others] = members.values()
  if (!only || others.length > 0) throw invalid(place.path, 'exactly one predicate should be specified')
  const { means } = only.field
  if (means.is !== 'aggregate-predicate') throw new Error(`${only.field.name} is no predicate`)
  const parts = readObject(planner, only.input, {
    type: { ref: 'non-null', of: only.field.type },
    path: only.path,
  })
  const of = (name: string) => parts?.get(name)
  const distinct = of('distinct')
  const filter = of('filter')
  const predicate = of('predicate')
  return {
    is: 'aggregate',
    rows: rowsOf(relation.table, joinOf(relation), permitted(planner, relation.table)),
    function: means.function,
    columns: planColumns(planner, of('arguments'), means, relation),
    distinct: (distinct && readBoolean(planner, distinct.input, placeOf(distinct))) ?? false,
    filter: filter ? planWhere(planner, filter.input, placeOf(filter), relation.table) : always,
    predicate: predicate
      ? planComparisons(planner, predicate.input, placeOf(predicate), {
          left: { is: 'aggregated' },
          type: types[means.function] ?? float8,
        })
      : always,
  }
}

function placeOf({ field, path }: Member): Place {
  return { type: field.type, path }
}

function planColumns(
  planner: Planner,
  member: Member | undefined,
  means: InputField['means'] & { is: 'aggregate-predicate' },
  relation: Relation,
): Expression[] {
  if (!member) return []
  const place = placeOf(member)
  if (means.takes === 'column') return columnAt(planner, relation, member)
  if (means.takes === 'pair') {
    const pair = readObject(planner, member.input, place)
    return [pair?.get('Y'), pair?.get('X')].flatMap(each => (each ? columnAt(planner, relation, each) : []))
  }
  const type = itemType(place.type)
  const enumType = namedType(type)
  return (readList(planner, member.input, place) ?? []).flatMap(({ input, path }) => {
    const value = peel(planner, input, { type, path })
    if (!value || enumType.kind !== 'ENUM') return []
    const { column } = choice(value, enumType, { type, path })
    return column ? [columnOf(planner, relation, column.name)] : []
  })
}

function columnAt(planner: Planner, relation: Relation, member: Member): Expression[] {
  const { column } = readChoice(planner, member.input, placeOf(member))
  return column ? [columnOf(planner, relation, column.name)] : []
}

function columnOf(planner: Planner, { table }: Relation, name: string): Expression {
  const column = table.byColumnName.get(name)
  const mask = column && planner.schema.select(table)?.columns.get(column)
  return { is: 'column', name, row: 'this', ...maskOf(planner, table, mask) }
}
