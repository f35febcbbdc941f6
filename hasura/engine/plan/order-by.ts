/** `order_by` arguments → what to sort by. */
import { invalid } from '../errors.ts'
import type { Table } from '../model.ts'
import { aggregated } from './aggregated.ts'
import { callOf } from './call.ts'
import type { Input } from './input.ts'
import { isNull } from './input.ts'
import { joinOf, rowsOf } from './permission.ts'
import { maskOf, permitted } from './permitted.ts'
import type { OrderExpression, OrderItem, Rows } from './plan.ts'
import type { Planner } from './planner.ts'
import { itemType, type Member, type Place, peel, readChoice, readList, readObject } from './read.ts'

/** How a sort key deep inside is reached from the row that is sorted. */
type Reach = (expression: OrderExpression) => OrderExpression

export function planOrderBy(
  planner: Planner,
  input: Input | undefined,
  place: Place,
  table: Table,
): OrderItem[] {
  const list = readList(planner, input, place) ?? []
  const type = itemType(place.type)
  return list.flatMap(item =>
    planItems(planner, item.input, { type, path: item.path }, { table, reach: key => key }),
  )
}

type Under = { table: Table; reach: Reach }

function planItems(planner: Planner, input: Input, place: Place, under: Under): OrderItem[] {
  const members = readObject(planner, input, place)
  return members ? [...members.values()].flatMap(member => planItem(planner, member, under)) : []
}

function planItem(planner: Planner, member: Member, { table, reach }: Under): OrderItem[] {
  const place: Place = { type: member.field.type, path: member.path }
  const optional: Place = { ...place, nullIsNothing: true }
  const { means } = member.field
  switch (means.is) {
    case 'column': {
      const by = reach({
        is: 'column',
        name: means.column.name,
        row: 'this',
        ...maskOf(planner, table, means.mask),
      })
      return directed(planner, member.input, place, by)
    }
    case 'computed': {
      const call = callOf(means.computed)
      const { returns } = means.computed
      if (returns.is === 'scalar') {
        const by = reach({ is: 'call', call, ...maskOf(planner, table, means.mask) })
        return directed(planner, member.input, place, by)
      }
      const rows: Rows = {
        ...rowsOf(returns.table, [], permitted(planner, returns.table)),
        from: { is: 'call', call },
      }
      return planAggregates(planner, member.input, optional, { rows, reach, table: returns.table })
    }
    case 'relation': {
      const target = means.relation.table
      const rows = rowsOf(target, joinOf(means.relation), permitted(planner, target))
      const inner: Reach = then => reach(through(rows, then))
      return planItems(planner, member.input, optional, { table: target, reach: inner })
    }
    case 'relation-aggregate': {
      const target = means.relation.table
      const rows = rowsOf(target, joinOf(means.relation), permitted(planner, target))
      return planAggregates(planner, member.input, optional, { rows, reach, table: target })
    }
    default:
      throw invalid(place.path, `field '${member.field.name}' cannot be sorted by`)
  }
}

function through(rows: Rows, then: OrderExpression): OrderExpression {
  return { is: 'through', rows, then }
}

/** A null direction sorts by nothing. */
function directed(planner: Planner, input: Input, place: Place, by: OrderExpression): OrderItem[] {
  const value = peel(planner, input, place)
  if (!value || isNull(value)) return []
  return [{ by, direction: readChoice(planner, value, place).name.toLowerCase() }]
}

function planAggregates(
  planner: Planner,
  input: Input,
  place: Place,
  { rows, reach, table }: { rows: Rows } & Under,
): OrderItem[] {
  const members = readObject(planner, input, place)
  return [...(members?.values() ?? [])].flatMap(member => {
    const at: Place = { type: member.field.type, path: member.path }
    const { means } = member.field
    if (means.is === 'aggregate-count')
      return directed(planner, member.input, at, reach({ is: 'aggregate', rows, function: 'count' }))
    if (means.is !== 'aggregate-operator') return []
    const { operator } = means
    const columns = readObject(planner, member.input, at)
    return [...(columns?.values() ?? [])].flatMap(each => {
      if (each.field.means.is !== 'column') return []
      const { column: taken, mask } = each.field.means
      const column = aggregated(taken, { operator, ...maskOf(planner, table, mask) })
      const by = reach({ is: 'aggregate', rows, function: operator, column })
      return directed(planner, each.input, { type: each.field.type, path: each.path }, by)
    })
  })
}
