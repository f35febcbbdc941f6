/** A column as an aggregate function takes it. */
import type { Column } from '../model.ts'
import type { AggregateOperator } from '../schema/types.ts'
import type { BoolExp, Expression } from './plan.ts'

/** Postgres has no min and max of uuid; their text sorts the same way. */
export function aggregated(
  { name, type }: Column,
  { operator, mask }: { operator: AggregateOperator; mask?: BoolExp },
): Expression {
  const column: Expression = { is: 'column', name, row: 'this', ...(mask ? { mask } : {}) }
  if (type.name !== 'uuid' || (operator !== 'min' && operator !== 'max')) return column
  return { is: 'cast', of: column, type: { name: 'text', schema: 'pg_catalog', array: false } }
}
