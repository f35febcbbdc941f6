/** Stage 3: metadata and catalogue → one model of tables, relations, computed fields, functions and permissions. */
import type {
  CatalogColumn,
  CatalogFunction,
  CatalogTable,
  CatalogType,
  CatalogUniqueKey,
} from './catalog.ts'
import type {
  DeletePermission,
  Inconsistency,
  InsertPermission,
  SelectPermission,
  UpdatePermission,
} from './metadata-types.ts'
import type { Action, CustomType } from './model/actions.ts'
import type { Naming } from './model/naming.ts'

export type Column = {
  is: 'column'
  /** Its name in Postgres. */
  name: string
  /** Its name in GraphQL. */
  field: string
  type: CatalogType
  nullable: boolean
  comment: string | null
  catalog: CatalogColumn
  /** The values it may take, when it points to an enum table. */
  enumTable?: Table
}
export type Relation = {
  is: 'relation'
  field: string
  kind: 'object' | 'array'
  table: Table
  /** Pairs of columns: here, there. */
  columns: [Column, Column][]
  nullable: boolean
  comment: string | null
  /** Whether a nested insert writes the other row first. */
  insertion: 'before_parent' | 'after_parent'
}
export type FunctionArgument = { name: string; field: string; type: CatalogType; hasDefault: boolean }
/** What a call passes where: the row itself, the session as JSON, or an argument of the request. */
export type CallArgument =
  | { is: 'row' }
  | { is: 'session'; type: CatalogType }
  | ({ is: 'input' } & FunctionArgument)
export type Computed = {
  is: 'computed'
  field: string
  function: { schema: string; name: string }
  arguments: CallArgument[]
  returns: { is: 'scalar'; type: CatalogType } | { is: 'table'; table: Table; set: boolean }
  comment: string | null
  functionComment: string | null
}
/** Rows of a table in another source, which no join reaches. */
export type SourceRelation = Pick<Relation, 'field' | 'kind' | 'table' | 'columns'> & {
  is: 'source-relation'
}
export type TableField = Column | Relation | Computed | SourceRelation

export type RolePermissions = {
  select?: SelectPermission
  insert?: InsertPermission
  update?: UpdatePermission
  delete?: DeletePermission
}
export type EnumValue = { value: string; comment: string | null }
export type RootFieldName =
  | 'select'
  | 'select_by_pk'
  | 'select_aggregate'
  | 'select_stream'
  | 'insert'
  | 'insert_one'
  | 'update'
  | 'update_by_pk'
  | 'update_many'
  | 'delete'
  | 'delete_by_pk'

export type Table = {
  source: string
  schema: string
  name: string
  kind: string
  /** Its base name in GraphQL. */
  graphqlName: string
  /** Whether the metadata gives that name. */
  customName: boolean
  naming: Naming
  /** From the metadata, or from Postgres, or none. */
  comment: string | null
  columns: Column[]
  byColumnName: Map<string, Column>
  fields: Map<string, TableField>
  primaryKey: { name: string; columns: Column[] } | undefined
  uniqueKeys: CatalogUniqueKey[]
  insertable: boolean
  updatable: boolean
  deletable: boolean
  rootFields: Record<RootFieldName, { name: string; comment: string | null }>
  /** Set when the table is tracked as an enum. */
  enumValues: EnumValue[] | undefined
  permissions: Map<string, RolePermissions>
}
export type TrackedFn = {
  is: 'function'
  source: string
  function: { schema: string; name: string }
  field: string
  aggregateField: string
  argumentsType: string
  arguments: CallArgument[]
  table: Table
  set: boolean
  exposedAs: 'query' | 'mutation'
  volatile: boolean
  comment: string | null
  roles: Set<string>
}
export type FieldTarget =
  | { is: 'action'; action: Action }
  /** What an asynchronous action answered. */
  | { is: 'action-result'; action: Action }
  | { is: 'table'; table: Table; as: RootFieldName }
  | { is: 'function'; fn: TrackedFn; as: 'rows' | 'aggregate' }
export type RootTarget =
  | FieldTarget
  /** All root fields of a source, under one name. */
  | { is: 'namespace'; naming: Naming; targets: Map<string, RootTarget> }

export type Model = {
  /** Source → the tables of it, by schema and name. */
  tablesBySource: Map<string, Map<string, Table>>
  functions: TrackedFn[]
  actions: Map<string, Action>
  customTypes: Map<string, CustomType>
  roots: { query: Map<string, RootTarget>; mutation: Map<string, RootTarget> }
  /** An inherited role → its parents. None contains itself. */
  inheritedRoles: Map<string, string[]>
  /** Roles for which the schema may not be asked. */
  introspectionDisabled: Set<string>
  /** Whether a stable function is open to whoever may read the table it returns. */
  inferFunctionPermissions: boolean
  /** Root fields that more than one object asks for; the first has them. */
  conflicts: { root: string; field: string; owners: string[] }[]
  inconsistencies: Inconsistency[]
}

export type SourceCatalog = {
  tables: Map<string, CatalogTable>
  functions: Map<string, CatalogFunction[]>
  enumValues: Map<string, EnumValue[]>
}

/** A table or function by its schema and name, as a key of a Map. */
export function qualifiedKey({ schema, name }: { schema: string; name: string }): string {
  return `${schema}\0${name}`
}
