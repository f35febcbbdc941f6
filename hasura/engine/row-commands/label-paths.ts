/** Label paths in a `where` of the old select, refused with the place they stand at. */

import { isObject } from '../metadata-api/arguments.ts'
import type { Table } from '../model.ts'
import { labelPath } from '../plan/scalar-text.ts'

const operators = /^[_$](eq|ne|neq|in|nin|ancestor|ancestor_any|descendant|descendant_any)$/

export function checkLabelPaths(table: Table, where: unknown, path = '$.args.where'): void {
  if (Array.isArray(where)) {
    for (const [position, item] of where.entries()) checkLabelPaths(table, item, `${path}[${position}]`)
    return
  }
  if (!isObject(where)) return
  for (const [key, value] of Object.entries(where)) {
    const here = `${path}${member(key)}`
    const relation = table.fields.get(key)
    if (relation?.is === 'relation') checkLabelPaths(relation.table, value, here)
    else if (table.byColumnName.get(key)?.type.name === 'ltree') checkOperators(value, here)
    else if (/^[_$](and|or|not)$/.test(key)) checkLabelPaths(table, value, here)
  }
}

function checkOperators(value: unknown, path: string): void {
  if (!isObject(value)) return
  for (const [operator, operand] of Object.entries(value))
    if (operators.test(operator)) checkOperand(operand, `${path}${member(operator)}`)
}

function checkOperand(operand: unknown, path: string): void {
  if (typeof operand === 'string') labelPath(operand, path)
  else if (Array.isArray(operand))
    for (const [position, item] of operand.entries()) checkOperand(item, `${path}[${position}]`)
}

/** JSONPath: a name as it is, anything else quoted. */
function member(key: string): string {
  return /^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
