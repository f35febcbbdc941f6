/** What the makers of types share, and what they ask of it. */

import { isShown, isWritable } from '../model/columns.ts'
import { typeName } from '../model/naming.ts'
import type { DeleteView, InsertView, SelectView, UpdateView } from '../model/role-permissions.ts'
import type { Column, Computed, Model, Relation, SourceRelation, Table } from '../model.ts'
import type { NamedType, TypeRef } from './types.ts'

/** What the makers of types share: the role's views of tables, and the types made so far. */
export type Maker = {
  model: Model
  role: string
  /** Whether permissions marked backend_only are in force. */
  backend: boolean
  /** A type by name, made on first use by `make`. */
  type(name: string, make: () => NamedType): TypeRef
  select(table: Table): SelectView | undefined
  insert(table: Table): InsertView | undefined
  update(table: Table): UpdateView | undefined
  delete(table: Table): DeleteView | undefined
}
/** The name of a type made for a table. */
export function tableType(table: Table, suffix = ''): string {
  return typeName(table.naming, table.graphqlName, suffix, table.customName)
}

/** The fields of a table that the role sees, by kind. */
export function visibleColumns(maker: Maker, table: Table): Column[] {
  const view = maker.select(table)
  if (!view) return []
  return table.columns.filter(column => view.columns.has(column) && isShown(table, column))
}

/** Undefined where there is no key, or the role does not see all of it. */
export function keyColumns(maker: Maker, table: Table): Column[] | undefined {
  const view = maker.select(table)
  const key = table.primaryKey?.columns
  return key?.every(column => view?.columns.has(column) && isShown(table, column)) ? key : undefined
}

/** Those of a permission to write that a request may give a value for. */
export function writableColumns(table: Table, { columns }: Pick<InsertView, 'columns'>): Column[] {
  return table.columns.filter(column => columns.has(column) && isShown(table, column) && isWritable(column))
}

export function visibleRelations(maker: Maker, table: Table): Relation[] {
  const relations = [...table.fields.values()].filter(field => field.is === 'relation')
  return relations.filter(relation => maker.select(relation.table))
}

export function visibleSourceRelations(maker: Maker, table: Table): SourceRelation[] {
  const relations = [...table.fields.values()].filter(field => field.is === 'source-relation')
  return relations.filter(relation => maker.select(relation.table))
}

export function visibleComputed(maker: Maker, table: Table): Computed[] {
  const view = maker.select(table)
  const computed = [...table.fields.values()].filter(field => field.is === 'computed')
  return computed.filter(field =>
    field.returns.is === 'table' ? maker.select(field.returns.table) : view?.computed.has(field),
  )
}
