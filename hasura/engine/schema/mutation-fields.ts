/** Root fields that write. */
import { commonName } from '../model/naming.ts'
import type { FieldTarget, Table } from '../model.ts'
import { actionField } from './action-types.ts'
import { boolExpType } from './bool-exp.ts'
import { insertInputType } from './insert-types.ts'
import { type Maker, tableType } from './maker.ts'
import { onConflictType } from './on-conflict-type.ts'
import { rowType } from './row-type.ts'
import { plainScalar } from './scalars.ts'
import { commented, functionField, keyArguments, shown } from './select-fields.ts'
import { type Argument, type Field, inputType, list, nonNull, objectType, type TypeRef } from './types.ts'
import { keyInputType, updateOperators } from './update-types.ts'

export function mutationField(maker: Maker, name: string, target: FieldTarget): Field | undefined {
  if (target.is === 'function') return functionField(maker, name, target.fn, target.as)
  if (target.is === 'action') return actionField(maker, target.action)
  if (target.is !== 'table') return undefined
  const { table, as } = target
  const made = makers[as]?.(maker, table)
  if (!made) return undefined
  const description = commented(table.rootFields[as].comment, made.description)
  return { name, args: made.args, type: made.type, description, means: { is: 'table', table, as } }
}

type Made = { description: string; args: Argument[]; type: TypeRef }
type Make = (maker: Maker, table: Table) => Made | undefined

const makers: { [as: string]: Make | undefined } = {
  insert: (maker, table) => {
    if (!maker.insert(table)) return undefined
    const objects = nonNull(list(nonNull(insertInputType(maker, table))))
    return {
      description: `insert data into the table: "${shown(table)}"`,
      args: [
        { name: 'objects', description: 'the rows to be inserted', type: objects },
        ...onConflict(maker, table),
      ],
      type: responseType(maker, table),
    }
  },
  insert_one: (maker, table) => {
    if (!maker.insert(table) || !maker.select(table)) return undefined
    const object = nonNull(insertInputType(maker, table))
    return {
      description: `insert a single row into the table: "${shown(table)}"`,
      args: [
        { name: 'object', description: 'the row to be inserted', type: object },
        ...onConflict(maker, table),
      ],
      type: rowType(maker, table),
    }
  },
  update: (maker, table) => {
    const operators = updateOperators(maker, table)
    if (!operators) return undefined
    return {
      description: `update data of the table: "${shown(table)}"`,
      args: [...operators, where(maker, table, 'filter the rows which have to be updated')],
      type: responseType(maker, table),
    }
  },
  update_by_pk: (maker, table) => {
    const operators = updateOperators(maker, table)
    const key = keyInputType(maker, table)
    if (!operators || !key) return undefined
    return {
      description: `update single row of the table: "${shown(table)}"`,
      args: [
        ...operators,
        { name: commonName(table.naming, 'pk_columns'), description: null, type: nonNull(key) },
      ],
      type: rowType(maker, table),
    }
  },
  update_many: (maker, table) => {
    const operators = updateOperators(maker, table)
    if (!operators) return undefined
    return {
      description: `update multiples rows of table: "${shown(table)}"`,
      args: [
        {
          name: 'updates',
          description: 'updates to execute, in order',
          type: updatesType(maker, table, operators),
        },
      ],
      type: list(responseType(maker, table)),
    }
  },
  delete: (maker, table) => {
    if (!maker.delete(table)) return undefined
    return {
      description: `delete data from the table: "${shown(table)}"`,
      args: [where(maker, table, 'filter the rows which have to be deleted')],
      type: responseType(maker, table),
    }
  },
  delete_by_pk: (maker, table) => {
    const args = maker.delete(table) && keyArguments(maker, table)
    if (!args) return undefined
    return {
      description: `delete single row from the table: "${shown(table)}"`,
      args,
      type: rowType(maker, table),
    }
  },
}

function where(maker: Maker, table: Table, description: string): Argument {
  return { name: 'where', description, type: nonNull(boolExpType(maker, table)) }
}

function onConflict(maker: Maker, table: Table): Argument[] {
  const type = onConflictType(maker, table)
  return type
    ? [{ name: commonName(table.naming, 'on_conflict'), description: 'upsert condition', type }]
    : []
}

function updatesType(maker: Maker, table: Table, operators: Argument[]): TypeRef {
  const name = tableType(table, 'updates')
  const filter = where(maker, table, 'filter the rows which have to be updated')
  const plain = (argument: Argument) => ({ ...argument, means: { is: 'plain' } as const })
  const made = maker.type(name, () => inputType(name, null, () => [...operators, filter].map(plain)))
  return nonNull(list(nonNull(made)))
}

function responseType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'mutation_response')
  const fields = (): Field[] => {
    const affected: Field = {
      name: commonName(table.naming, 'affected_rows'),
      description: 'number of rows affected by the mutation',
      args: [],
      type: nonNull(plainScalar(maker, 'Int')),
      means: { is: 'affected_rows' },
    }
    if (!maker.select(table)) return [affected]
    const returning: Field = {
      name: 'returning',
      description: 'data from the rows affected by the mutation',
      args: [],
      type: nonNull(list(nonNull(rowType(maker, table)))),
      means: { is: 'returning' },
    }
    return [affected, returning]
  }
  return maker.type(name, () =>
    objectType(name, `response of any mutation on the table "${shown(table)}"`, fields),
  )
}
