/** All that one reading of metadata and catalogue gives, and how it is read. */
import type pg from 'pg'
import type { ActionOptions } from './actions/call-action.ts'
import { type AllowList, createAllowList } from './allow-list.ts'
import type { Connect, Connections } from './connections.ts'
import { cronFaults } from './cron/schedule.ts'
import type { RequestError } from './errors.ts'
import { readMetadata } from './metadata.ts'
import type { Inconsistency, Metadata } from './metadata-types.ts'
import { buildModel } from './model/build.ts'
import { admin, rolesOf } from './model/role-permissions.ts'
import type { Model } from './model.ts'
import type { ValidationOptions } from './mutation/validate-input.ts'
import type { Limits } from './plan/limits.ts'
import { createPlanCache, type OperationInfo, type PlanCache, type Prepared } from './plan-cache.ts'
import { collectionFaults } from './query-faults.ts'
import { createRoleSchema, type RoleSchema } from './schema/role-schema.ts'
import { readSources } from './sources.ts'
import type { LiveOptions } from './subscribe/live.ts'

export type EngineOptions = {
  /** A pool per source of the metadata. The engine does not end them. */
  pools: Record<string, pg.Pool>
  /** Opens a source that is added while the engine runs. Without it, only the given pools exist. */
  connect?: Connect
  /** For every role but admin; what is not given has a default. */
  limits?: Partial<Limits>
  /** Sends bigint, numeric and float8 as strings, which keeps all their digits in JavaScript. */
  stringifyNumericTypes?: boolean
  /** Functions are open to whoever may read the table they return (as Hasura does), unless this is false. */
  inferFunctionPermissions?: boolean
  /** Variables without value or default leave their place empty, instead of null (`no_null_unbound_variable_default`). */
  removeUnboundVariables?: boolean
  /** Whether sources may choose their naming convention (unless this is false), and that of those that choose none. */
  namingConventions?: boolean
  defaultNamingConvention?: 'hasura-default' | 'graphql-default'
  /** Roles other than admin may only send what the metadata's allow-list has. */
  enableAllowList?: boolean
  /** Collections that the allow-list has for some roles count for these, unless this is false, as in Hasura's Community edition. */
  allowListByRole?: boolean
  /** Without it, actions are refused. */
  actions?: ActionOptions
  /** Asks the webhooks that validate input. Without it, permissions that have one are none. */
  validateInput?: ValidationOptions
  /** Remembered plans, at most. */
  planCacheSize?: number
  /** How subscriptions are polled. */
  subscriptions?: LiveOptions
} & ({ metadataDir: string } | { metadata: Metadata })

export type EngineAnswer = {
  status: number
  body: string
  operation?: OperationInfo
  /** What a query asked of Postgres. */
  statements?: readonly Prepared[]
  /** Why it was refused. */
  error?: RequestError
}
/** All that one reading of metadata and catalogue gave. */
export type State = {
  metadata: Metadata
  model: Model
  plans: PlanCache
  /** Throws for a query that the role may not send. */
  allow: AllowList
  inconsistencies: Inconsistency[]
  schemaFor(role: string, backend: boolean): RoleSchema
  /** Statements prepared under a name so far. */
  names: Set<string>
}

/** A source and a connection to read its catalogue on. */
export type Within = { source: string; client: pg.PoolClient }

export async function loadState(
  options: EngineOptions,
  connections: Connections,
  within?: Within,
): Promise<State> {
  const read =
    'metadata' in options
      ? { metadata: options.metadata, inconsistencies: [] }
      : await readMetadata(options.metadataDir)
  await connections.open(read.metadata)
  const readers = within ? { ...options.pools, [within.source]: within.client } : options.pools
  const { catalogs, inconsistencies } = await readSources(read.metadata, readers)
  const model = buildModel(read.metadata, catalogs, options)
  const schemas = new Map<string, RoleSchema>()
  const roles = rolesOf(model)
  const schemaFor = (role: string, backend: boolean) => {
    // A role that the metadata does not know sees nothing, and is not worth remembering.
    if (!roles.has(role)) return createRoleSchema(model, role, backend)
    const key = `${backend} ${role}`
    const known = schemas.get(key) ?? createRoleSchema(model, role, backend)
    schemas.set(key, known)
    return known
  }
  return {
    metadata: read.metadata,
    allow: options.enableAllowList
      ? createAllowList(read.metadata, options.allowListByRole)
      : () => undefined,
    model,
    plans: createPlanCache(options.planCacheSize ?? 1000),
    inconsistencies: [
      ...read.inconsistencies,
      ...inconsistencies,
      ...model.inconsistencies,
      ...cronFaults(read.metadata),
      ...collectionFaults(read.metadata, schemaFor(admin, true)),
    ],
    names: new Set(),
    schemaFor,
  }
}
