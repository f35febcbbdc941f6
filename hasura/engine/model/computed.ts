/** Computed fields: functions that take a row. */

import type { CatalogFunction } from '../catalog.ts'
import type { ComputedField, TrackedTable } from '../metadata-types.ts'
import { type CallArgument, type Computed, qualifiedKey, type Table } from '../model.ts'
import { type Building, qualified, shown } from './building.ts'
import { inconsistentInTable } from './inconsistent.ts'
import { isGraphqlName } from './naming.ts'
import { conflict } from './relations.ts'
import { typeFault } from './scalar-names.ts'

export function buildComputedFields(building: Building, entry: TrackedTable, table: Table): void {
  for (const field of entry.computed_fields ?? []) {
    const computed = buildComputed(building, table, field)
    const taken = typeof computed === 'string' ? undefined : conflict(table, computed.field)
    if (typeof computed === 'string' || taken) {
      const { name, definition, comment = null } = field
      building.inconsistencies.push(
        inconsistentInTable(
          table,
          { type: 'computed_field', name, definition: { name, definition, comment } },
          taken ?? `in table "${shown(table)}": in computed field "${name}": ${computed}`,
        ),
      )
    } else table.fields.set(computed.field, computed)
  }
}

function buildComputed(
  building: Building,
  table: Table,
  { name, definition, comment }: ComputedField,
): Computed | string {
  const wanted = qualified(definition.function)
  const overloads = building.catalog.functions.get(qualifiedKey(wanted)) ?? []
  const [fn] = overloads
  if (!fn) return `no such function exists: "${shown(wanted)}"`
  if (overloads.length > 1)
    return `the function "${shown(wanted)}" is overloaded. Overloaded functions are not supported`
  const rowPosition = definition.table_argument
    ? fn.arguments.findIndex(argument => argument.name === definition.table_argument)
    : 0
  const target = building.tables.get(qualifiedKey(fn.returns))
  const args = callArguments(fn, { row: rowPosition, session: definition.session_argument })
  const unknownType = target ? undefined : typeFault(fn.returns)
  const faults = [
    ...(isGraphqlName(name) ? [] : [`"${name}" is not valid GraphQL name`]),
    ...faultsOf(fn, table, rowPosition, definition),
    ...argumentFaults(args),
    ...(unknownType ? [unknownType] : []),
  ]
  const [first] = faults
  if (first) {
    const subject = `the computed field "${name}" cannot be added to table "${shown(table)}"`
    if (faults.length === 1) return `${subject} because ${first}`
    return `${subject} for the following reasons:\n${faults.map(fault => `  • ${fault}\n`).join('')}`
  }
  return {
    is: 'computed',
    field: name,
    function: wanted,
    arguments: args,
    returns: target
      ? { is: 'table', table: target, set: fn.returns_set }
      : { is: 'scalar', type: fn.returns },
    comment: comment ?? null,
    functionComment: fn.comment,
  }
}

function faultsOf(
  fn: CatalogFunction,
  table: Table,
  rowPosition: number,
  { table_argument, session_argument }: ComputedField['definition'],
): string[] {
  const faults: string[] = []
  const name = shown(fn)
  const row = fn.arguments[rowPosition]
  if (fn.volatility === 'volatile')
    faults.push(`the function "${name}" is of type VOLATILE; cannot be added as a computed field`)
  if (table_argument && !row)
    faults.push(`"${table_argument}" is not an input argument of the function "${name}"`)
  if (!row && !table_argument) faults.push(`the function "${name}" has no input arguments`)
  if (row) {
    const subject = table_argument ? `"${table_argument}" argument` : 'first argument'
    if (row.type.kind !== 'c') faults.push(`${subject} of the function "${name}" is not COMPOSITE type`)
    if (row.type.name !== table.name || row.type.schema !== table.schema)
      faults.push(
        `${subject} of the function "${name}" of type "${row.type.schema}.${row.type.name}" is not the table to which the computed field is being added`,
      )
  }
  if (session_argument) {
    const session = fn.arguments.find(argument => argument.name === session_argument)
    if (!session) faults.push(`"${session_argument}" is not an input argument of the function "${name}"`)
    else if (session.type.name !== 'json')
      faults.push(`"${session_argument}" argument of the function "${name}" is not of type JSON`)
  }
  return faults
}

/** Why arguments cannot be given by name; of those that a request gives. */
export function argumentFaults(args: CallArgument[]): string[] {
  const inputs = args.filter(argument => argument.is === 'input')
  const unnamed = inputs.map(({ field }) => field).filter(field => !isGraphqlName(field))
  const names = unnamed.length > 0 ? [`the function arguments ${unnamed.join(',')} ${notNames}`] : []
  return [...names, ...inputs.flatMap(({ type }) => typeFault(type) ?? [])]
}
const notNames = 'are not in compliance with GraphQL spec'

/** In the function's own order; unnamed ones are called arg_1, arg_2 … */
export function callArguments(
  fn: CatalogFunction,
  special: { row?: number; session?: string | null | undefined },
): CallArgument[] {
  let unnamed = 0
  return fn.arguments.map(({ name, type, has_default }, position) => {
    if (position === special.row) return { is: 'row' }
    if (name !== '' && name === special.session) return { is: 'session', type }
    if (name === '') unnamed += 1
    const field = name === '' ? `arg_${unnamed}` : name
    return { is: 'input', name, field, type, hasDefault: has_default }
  })
}
