/** `where` arguments → boolean expressions. Every table reached on the way keeps the role's filter. */
import { invalid } from '../errors.ts'
import type { Table } from '../model.ts'
import type { InputField } from '../schema/types.ts'
import { planAggregatePredicate } from './aggregate-predicate.ts'
import { callOf } from './call.ts'
import { planComparisons } from './comparisons.ts'
import type { Input } from './input.ts'
import { joinOf, rowsOf } from './permission.ts'
import { maskOf, permitted } from './permitted.ts'
import { always, type BoolExp, both, type Expression, type Rows } from './plan.ts'
import type { Planner } from './planner.ts'
import { itemType, type Member, type Place, readList, readObject } from './read.ts'

export function planWhere(planner: Planner, input: Input | undefined, place: Place, table: Table): BoolExp {
  const members = readObject(planner, input, place)
  if (!members) return always
  return both(...[...members.values()].map(member => planMember(planner, member, place, table)))
}

function planMember(planner: Planner, { input, field, path }: Member, place: Place, table: Table): BoolExp {
  const at: Place = { type: field.type, path }
  const { means } = field
  switch (means.is) {
    case 'and':
    case 'or':
      return planAll(planner, input, at, { table, is: means.is })
    case 'not':
      return { is: 'not', exp: planWhere(planner, input, at, table) }
    case 'column': {
      const left: Expression = {
        is: 'column',
        name: means.column.name,
        row: 'this',
        ...maskOf(planner, table, means.mask),
      }
      return planComparisons(planner, input, at, { left, type: means.column.type })
    }
    case 'relation': {
      const target = means.relation.table
      const where = both(permitted(planner, target), planWhere(planner, input, at, target))
      return { is: 'exists', rows: rowsOf(target, joinOf(means.relation), where) }
    }
    case 'relation-aggregate':
      return planAggregatePredicate(planner, input, at, means.relation, planWhere)
    case 'computed':
      return planComputed(planner, input, at, table, means)
    default:
      throw invalid(place.path, `field '${field.name}' cannot be filtered by`)
  }
}

function planAll(
  planner: Planner,
  input: Input,
  place: Place,
  { table, is }: { table: Table; is: 'and' | 'or' },
): BoolExp {
  const list = readList(planner, input, place)
  if (!list) return always
  const type = itemType(place.type)
  const all = list.map(item => planWhere(planner, item.input, { type, path: item.path }, table))
  return is === 'and' ? both(...all) : { is: 'or', all }
}

function planComputed(
  planner: Planner,
  input: Input,
  place: Place,
  table: Table,
  { computed, mask }: InputField['means'] & { is: 'computed' },
): BoolExp {
  const call = callOf(computed)
  const { returns } = computed
  if (returns.is === 'scalar') {
    const left: Expression = { is: 'call', call, ...maskOf(planner, table, mask) }
    return planComparisons(planner, input, place, { left, type: returns.type })
  }
  const where = both(permitted(planner, returns.table), planWhere(planner, input, place, returns.table))
  const rows: Rows = { ...rowsOf(returns.table, [], where), from: { is: 'call', call } }
  return { is: 'exists', rows }
}
