/** Arguments of fields that give rows. */
import type { CallArgument, Table } from '../model.ts'
import { boolExpType } from './bool-exp.ts'
import type { Maker } from './maker.ts'
import { orderByType } from './order-by.ts'
import { plainScalar, selectColumnEnum, valueType } from './scalars.ts'
import { type Argument, type InputField, inputType, list, nonNull, type TypeRef } from './types.ts'

export function selectArguments(maker: Maker, table: Table): Argument[] {
  const columns = selectColumnEnum(maker, table)
  const int = plainScalar(maker, 'Int')
  const args: Argument[] = []
  if (columns) {
    const type = list(nonNull(columns))
    args.push({ name: distinctOnName(table), description: 'distinct select on columns', type })
  }
  args.push(
    { name: 'limit', description: 'limit the number of rows returned', type: int },
    { name: 'offset', description: 'skip the first n rows. Use only with order_by', type: int },
    {
      name: orderByName(table),
      description: 'sort the rows by one or more columns',
      type: list(nonNull(orderByType(maker, table))),
    },
    { name: 'where', description: 'filter the rows returned', type: boolExpType(maker, table) },
  )
  return args
}

const isGraphqlDefault = (table: Table) => table.naming.convention === 'graphql-default'
export const distinctOnName = (table: Table) => (isGraphqlDefault(table) ? 'distinctOn' : 'distinct_on')
export const orderByName = (table: Table) => (isGraphqlDefault(table) ? 'orderBy' : 'order_by')

/** The `args` argument of a function, when it takes any. */
export function callArgument(
  maker: Maker,
  typeName: string,
  { args, description }: { args: CallArgument[]; description: string },
): Argument[] {
  const inputs = args.filter(argument => argument.is === 'input')
  if (inputs.length === 0) return []
  const type = argsType(maker, typeName, inputs)
  const required = inputs.some(({ hasDefault }) => !hasDefault)
  return [{ name: 'args', description, type: required ? nonNull(type) : type }]
}

function argsType(maker: Maker, name: string, inputs: (CallArgument & { is: 'input' })[]): TypeRef {
  return maker.type(name, () =>
    inputType(name, null, () =>
      inputs.map(
        (argument): InputField => ({
          name: argument.field,
          description: null,
          type: valueType(maker, argument.type),
          means: { is: 'argument', argument },
        }),
      ),
    ),
  )
}
