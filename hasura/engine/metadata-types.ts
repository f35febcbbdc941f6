/**
 * The part of Hasura's metadata (v3) that the engine reads. `hasura-metadata-types` describes what the console writes;
 * files written by hand are looser (shorthands for names, missing lists), and that is what these types say.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type BoolExpJson = { [key: string]: Json }
export type QualifiedName = string | { schema?: string; name: string }

export type SelectPermission = {
  columns?: '*' | string[]
  computed_fields?: string[]
  filter?: BoolExpJson
  limit?: number
  allow_aggregations?: boolean
  query_root_fields?: string[] | null
  subscription_root_fields?: string[] | null
}
/** A webhook that is shown what would be written. */
export type ValidateInput = {
  type: 'http'
  definition: {
    url: string
    headers?: HeaderMetadata[]
    /** Seconds. */
    timeout?: number
    forward_client_headers?: boolean
  }
}
export type InsertPermission = {
  columns?: '*' | string[]
  check?: BoolExpJson
  set?: Record<string, Json>
  backend_only?: boolean
  validate_input?: ValidateInput
}
export type UpdatePermission = {
  columns?: '*' | string[]
  filter?: BoolExpJson
  check?: BoolExpJson | null
  set?: Record<string, Json>
  backend_only?: boolean
  validate_input?: ValidateInput
}
export type DeletePermission = {
  filter?: BoolExpJson
  backend_only?: boolean
  validate_input?: ValidateInput
}
export type ForRole<P> = { role: string; permission: P; comment?: string | null }

export type ManualConfiguration = {
  remote_table: QualifiedName
  column_mapping: Record<string, string>
  insertion_order?: 'before_parent' | 'after_parent' | null
}
export type ForeignKeyUsing =
  | string
  | string[]
  | { table: QualifiedName; column?: string; columns?: string | string[] }
export type Relationship = {
  name: string
  using: { foreign_key_constraint_on?: ForeignKeyUsing; manual_configuration?: ManualConfiguration }
  comment?: string | null
}
export type ComputedField = {
  name: string
  definition: { function: QualifiedName; table_argument?: string | null; session_argument?: string | null }
  comment?: string | null
}
export type RootField = string | null | { name?: string | null; comment?: string | null }
export type ColumnConfig = { custom_name?: string | null; comment?: string | null }
export type TableConfiguration = {
  custom_name?: string | null
  comment?: string | null
  custom_root_fields?: Record<string, RootField>
  custom_column_names?: Record<string, string>
  column_config?: Record<string, ColumnConfig>
}
export type HeaderMetadata = { name: string; value?: string; value_from_env?: string }
export type OperationSpec = { columns: '*' | string[]; payload?: '*' | string[] }
export type EventTriggerMetadata = {
  name: string
  definition: {
    enable_manual?: boolean
    insert?: OperationSpec
    update?: OperationSpec
    delete?: OperationSpec
  }
  retry_conf?: {
    num_retries?: number
    interval_sec?: number
    timeout_sec?: number
    tolerance_seconds?: number
  }
  webhook?: string
  webhook_from_env?: string
  headers?: HeaderMetadata[]
  request_transform?: unknown
  response_transform?: unknown
  cleanup_config?: unknown
  trigger_on_replication?: boolean
}
export type ActionArgument = { name: string; type: string; description?: string | null }
export type ActionMetadata = {
  name: string
  definition: {
    kind?: 'synchronous' | 'asynchronous'
    type?: 'query' | 'mutation'
    handler: string
    arguments?: ActionArgument[]
    output_type: string
    headers?: HeaderMetadata[]
    forward_client_headers?: boolean
    timeout?: number
    request_transform?: unknown
    response_transform?: unknown
    ignored_client_headers?: string[]
  }
  permissions?: { role: string }[]
  comment?: string | null
}
export type TypeField = { name: string; type: string; description?: string | null }
export type TypeRelationship = {
  name: string
  type: 'object' | 'array'
  source?: string
  remote_table: QualifiedName
  field_mapping: Record<string, string>
}
export type CustomTypes = {
  input_objects?: { name: string; description?: string | null; fields: TypeField[] }[]
  objects?: {
    name: string
    description?: string | null
    fields: TypeField[]
    relationships?: TypeRelationship[]
  }[]
  scalars?: { name: string; description?: string | null }[]
  enums?: {
    name: string
    description?: string | null
    values: { value: string; description?: string | null; is_deprecated?: boolean }[]
  }[]
}
export type TrackedTable = {
  table: QualifiedName
  is_enum?: boolean
  configuration?: TableConfiguration
  object_relationships?: Relationship[]
  array_relationships?: Relationship[]
  computed_fields?: ComputedField[]
  /** Kept, listed as inconsistent, not served. */
  apollo_federation_config?: unknown
  remote_relationships?: unknown[]
  select_permissions?: ForRole<SelectPermission>[]
  insert_permissions?: ForRole<InsertPermission>[]
  update_permissions?: ForRole<UpdatePermission>[]
  delete_permissions?: ForRole<DeletePermission>[]
  event_triggers?: EventTriggerMetadata[]
}
export type TrackedFunction = {
  function: QualifiedName
  configuration?: {
    custom_name?: string | null
    custom_root_fields?: Record<string, string | null>
    session_argument?: string | null
    exposed_as?: 'query' | 'mutation' | null
    response?: { type: 'table'; table: QualifiedName } | null
  }
  permissions?: { role: string }[]
  comment?: string | null
}
export type SourceMetadata = {
  name: string
  kind?: string
  configuration?: unknown
  customization?: {
    root_fields?: { namespace?: string | null; prefix?: string | null; suffix?: string | null } | null
    type_names?: { prefix?: string | null; suffix?: string | null } | null
    naming_convention?: 'hasura-default' | 'graphql-default' | null
  } | null
  tables?: TrackedTable[]
  functions?: TrackedFunction[]
  /** Kept, listed as inconsistent, not served. */
  native_queries?: unknown
  logical_models?: unknown
}
export type RoleLimits = { global?: number | null; per_role?: Record<string, number> }
export type Metadata = {
  version?: number
  sources: SourceMetadata[]
  query_collections?: { name: string; definition: { queries: { name: string; query: string }[] } }[]
  allowlist?: { collection: string; scope?: { global: boolean; roles?: string[] } }[]
  rest_endpoints?: unknown
  actions?: ActionMetadata[]
  custom_types?: CustomTypes
  cron_triggers?: unknown
  network?: unknown
  inherited_roles?: { role_name: string; role_set: string[] }[]
  graphql_schema_introspection?: { disabled_for_roles?: string[] }
  api_limits?: {
    disabled?: boolean
    depth_limit?: RoleLimits
    node_limit?: RoleLimits
    batch_limit?: RoleLimits
    time_limit?: RoleLimits
  }
  [key: string]: unknown
}

/** Something in the metadata that the engine cannot serve. The rest works. */
export type Inconsistency = {
  type: string
  name: string
  reason: string
  definition?: unknown
  /** What an inherited role does not get. */
  entity?: unknown
}
