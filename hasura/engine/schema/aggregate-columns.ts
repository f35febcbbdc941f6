/** Which columns and computed fields an aggregate function takes. */

import { isComparable, isNumeric } from '../model/scalar-names.ts'
import type { Column, Computed, Table } from '../model.ts'
import { type Maker, visibleColumns, visibleComputed } from './maker.ts'
import type { AggregateOperator } from './types.ts'

export function aggregatedColumns(maker: Maker, table: Table, operator: AggregateOperator): Column[] {
  const takes = takenBy(operator)
  return visibleColumns(maker, table).filter(column => !column.enumTable && takes(column.type))
}

export function aggregatedComputed(maker: Maker, table: Table, operator: AggregateOperator): Computed[] {
  const takes = takenBy(operator)
  return visibleComputed(maker, table).filter(({ returns }) => returns.is === 'scalar' && takes(returns.type))
}

function takenBy(operator: AggregateOperator) {
  return operator === 'min' || operator === 'max' ? isComparable : isNumeric
}
