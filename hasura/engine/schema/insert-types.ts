/** `X_insert_input`: a row to insert, with rows of other tables inside. */
import { isWritable } from '../model/columns.ts'
import { commonName } from '../model/naming.ts'
import type { Relation, Table } from '../model.ts'
import { type Maker, tableType } from './maker.ts'
import { onConflictType } from './on-conflict-type.ts'
import { columnType } from './scalars.ts'
import { type InputField, inputType, list, nonNull, type TypeRef } from './types.ts'

export function insertInputType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'insert_input')
  const description = `input type for inserting data into table "${table.name}"`
  return maker.type(name, () => inputType(name, description, () => insertFields(maker, table)))
}

function insertFields(maker: Maker, table: Table): InputField[] {
  const view = maker.insert(table)
  const fields: InputField[] = []
  for (const field of table.fields.values()) {
    if (field.is === 'column' && view?.columns.has(field) && isWritable(field))
      fields.push({
        name: field.field,
        description: field.comment,
        type: columnType(maker, field),
        means: { is: 'column', column: field, mask: undefined },
      })
    if (field.is === 'relation' && maker.insert(field.table))
      fields.push({
        name: field.field,
        description: null,
        type: relationInputType(maker, field),
        means: { is: 'relation', relation: field },
      })
  }
  return fields
}

function relationInputType(maker: Maker, { table, kind }: Relation): TypeRef {
  const one = kind === 'object'
  const name = tableType(table, one ? 'obj_rel_insert_input' : 'arr_rel_insert_input')
  const description = `input type for inserting ${one ? 'object' : 'array'} relation for remote table "${table.name}"`
  return maker.type(name, () =>
    inputType(name, description, () => {
      const row = nonNull(insertInputType(maker, table))
      const conflict = onConflictType(maker, table)
      const plain = { is: 'plain' } as const
      return [
        { name: 'data', description: null, type: one ? row : nonNull(list(row)), means: plain },
        ...(conflict
          ? [
              {
                name: commonName(table.naming, 'on_conflict'),
                description: 'upsert condition',
                type: conflict,
                means: plain,
              },
            ]
          : []),
      ]
    }),
  )
}
