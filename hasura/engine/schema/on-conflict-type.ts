/** `X_on_conflict`: what to do where a row is already there. */
import { commonName, isEnumValueName } from '../model/naming.ts'
import type { Table } from '../model.ts'
import { boolExpType } from './bool-exp.ts'
import { type Maker, tableType, writableColumns } from './maker.ts'
import { columnEnum } from './scalars.ts'
import { inputType, list, nonNull, type TypeRef } from './types.ts'

export function onConflictType(maker: Maker, table: Table): TypeRef | undefined {
  const constraint = constraintEnum(maker, table)
  if (!constraint) return undefined
  const name = tableType(table, 'on_conflict')
  const plain = { is: 'plain' } as const
  return maker.type(name, () =>
    inputType(name, `on_conflict condition type for table "${table.name}"`, () => [
      { name: 'constraint', description: null, type: nonNull(constraint), means: plain },
      {
        name: commonName(table.naming, 'update_columns'),
        description: null,
        type: nonNull(list(nonNull(updateColumnEnum(maker, table)))),
        default: '[]',
        means: plain,
      },
      { name: 'where', description: null, type: boolExpType(maker, table), means: plain },
    ]),
  )
}

function constraintEnum(maker: Maker, table: Table): TypeRef | undefined {
  const all = [...(table.primaryKey ? [table.primaryKey] : []), ...table.uniqueKeys]
  const keys = all.filter(key => isEnumValueName(key.name))
  if (keys.length === 0) return undefined
  const name = tableType(table, 'constraint')
  return maker.type(name, () => ({
    kind: 'ENUM',
    name,
    description: `unique or primary key constraints on table "${table.name}"`,
    values: keys.map(key => ({
      name: key.name,
      description: `unique or primary key constraint on columns ${columnsOf(key)}`,
    })),
  }))
}

function columnsOf({ columns }: { columns: (string | { name: string })[] }): string {
  return columns.map(column => `"${typeof column === 'string' ? column : column.name}"`).join(', ')
}

function updateColumnEnum(maker: Maker, table: Table): TypeRef {
  const view = maker.update(table)
  const columns = view ? writableColumns(table, view) : []
  const description = `update columns of table "${table.name}"`
  const name = tableType(table, 'update_column')
  return (
    columnEnum(maker, table, { suffix: 'update_column', description, columns }) ??
    maker.type(name, () => ({
      kind: 'ENUM',
      name,
      description: `placeholder for update columns of table "${table.name}" (current role has no relevant permissions)`,
      values: [{ name: '_PLACEHOLDER', description: 'placeholder (do not use)' }],
    }))
  )
}
