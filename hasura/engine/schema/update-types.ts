/** What an update may do with columns: `_set`, `_inc` and the operators of jsonb. */

import { commonName } from '../model/naming.ts'
import { isNumeric } from '../model/scalar-names.ts'
import type { Column, Table } from '../model.ts'
import { keyColumns, type Maker, tableType, writableColumns } from './maker.ts'
import { columnType, plainScalar } from './scalars.ts'
import { type Argument, inputType, list, nonNull, type TypeRef } from './types.ts'

type Operator = {
  name: string
  suffix: string
  description: string
  takes(column: Column): boolean
  /** The type of the operand, when it is not the column's. */
  operand?: (maker: Maker) => TypeRef
}

const isJsonb = ({ type }: Column) => type.name === 'jsonb'

const operators: Operator[] = [
  {
    name: '_append',
    suffix: 'append_input',
    description: 'append existing jsonb value of filtered columns with new jsonb value',
    takes: isJsonb,
  },
  {
    name: '_delete_at_path',
    suffix: 'delete_at_path_input',
    description:
      'delete the field or element with specified path (for JSON arrays, negative integers count from the end)',
    takes: isJsonb,
    operand: maker => list(nonNull(plainScalar(maker, 'String'))),
  },
  {
    name: '_delete_elem',
    suffix: 'delete_elem_input',
    description:
      'delete the array element with specified index (negative integers count from the end). throws an error if top level container is not an array',
    takes: isJsonb,
    operand: maker => plainScalar(maker, 'Int'),
  },
  {
    name: '_delete_key',
    suffix: 'delete_key_input',
    description:
      'delete key/value pair or string element. key/value pairs are matched based on their key value',
    takes: isJsonb,
    operand: maker => plainScalar(maker, 'String'),
  },
  {
    name: '_inc',
    suffix: 'inc_input',
    description: 'increments the numeric columns with given value of the filtered values',
    takes: ({ type }) => isNumeric(type),
  },
  {
    name: '_prepend',
    suffix: 'prepend_input',
    description: 'prepend existing jsonb value of filtered columns with new jsonb value',
    takes: isJsonb,
  },
  {
    name: '_set',
    suffix: 'set_input',
    description: 'sets the columns of the filtered rows to the given values',
    takes: () => true,
  },
]

/** The arguments that change columns; undefined when the role may change none. */
export function updateOperators(maker: Maker, table: Table): Argument[] | undefined {
  const view = maker.update(table)
  if (!view) return undefined
  const columns = writableColumns(table, view)
  const args = operators.flatMap(operator => {
    const taken = columns.filter(operator.takes)
    if (taken.length === 0) return []
    const type = operatorType(maker, table, operator, taken)
    return [{ name: commonName(table.naming, operator.name), description: operator.description, type }]
  })
  // With presets alone there is still something to change.
  return args.length === 0 && view.preset.size === 0 ? undefined : args
}

/** Of the types whose arguments are described in other words. */
const descriptions: { [suffix: string]: ((table: string) => string) | undefined } = {
  set_input: table => `input type for updating data in table "${table}"`,
  inc_input: table => `input type for incrementing numeric columns in table "${table}"`,
}

function operatorType(
  maker: Maker,
  table: Table,
  { suffix, description, operand }: Operator,
  columns: Column[],
): TypeRef {
  const name = tableType(table, suffix)
  const described = descriptions[suffix]?.(table.name) ?? description
  return maker.type(name, () =>
    inputType(name, described, () =>
      columns.map(column => ({
        name: column.field,
        description: column.comment,
        type: operand ? operand(maker) : columnType(maker, column),
        means: { is: 'column', column, mask: undefined },
      })),
    ),
  )
}

/** `X_pk_columns_input`, for a role that sees every column of the key. */
export function keyInputType(maker: Maker, table: Table): TypeRef | undefined {
  const key = keyColumns(maker, table)
  if (!key) return undefined
  const name = tableType(table, 'pk_columns_input')
  return maker.type(name, () =>
    inputType(name, `primary key columns input for table: ${table.name}`, () =>
      key.map(column => ({
        name: column.field,
        description: column.comment,
        type: nonNull(columnType(maker, column)),
        means: { is: 'column', column, mask: undefined },
      })),
    ),
  )
}
