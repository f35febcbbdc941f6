/**
 * GraphQL over Postgres as Hasura v2 answers it, from a metadata folder and the database's own catalogue.
 *
 *   const engine = await createEngine({ metadataDir: 'hasura/metadata', pools: { default: pool } })
 *   const { status, body } = await engine.graphql({ body: { query: '{ items { description } }' }, session })
 */
import { errorBody } from './errors.ts'
import { answer, explain } from './execute.ts'
import type { Explained } from './explain.ts'
import { limitsFor } from './limits.ts'
import type { Inconsistency, Metadata } from './metadata-types.ts'
import { admin } from './model/role-permissions.ts'
import { exceeded, type Limits } from './plan/limits.ts'
import type { Session } from './session.ts'
import { type EngineAnswer, type EngineOptions, loadState } from './state.ts'

export type { OperationInfo } from './plan-cache.ts'
export type { Session } from './session.ts'
export type { EngineAnswer, EngineOptions } from './state.ts'

export type Engine = {
  /** Answers a request, or a list of them. Errors in Hasura's form; `body` is JSON text. */
  graphql(request: { body: unknown; session: Session; signal?: AbortSignal }): Promise<EngineAnswer>
  /** The SQL of a request, which is not run. Throws a RequestError for a request that is refused. */
  explain(request: { body: unknown; session: Session }): Explained[]
  /** What was read. */
  metadata(): Metadata
  /** What of the metadata cannot be served. */
  inconsistencies(): Inconsistency[]
  /** Reads metadata and catalogue again. Requests under way finish with what they began with. */
  reload(): Promise<void>
  close(): Promise<void>
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  let state = await loadState(options)
  return {
    graphql: ({ body, session, signal }) => {
      const current = state
      const limits = limitsFor(session.role, options.limits ?? {}, current.metadata)
      const one = (request: unknown) => answer(options, current, { body: request, session, limits, signal })
      return Array.isArray(body) ? batch(body, one, { session, limits }) : one(body)
    },
    explain: ({ body, session }) => {
      const limits = limitsFor(session.role, options.limits ?? {}, state.metadata)
      return explain(options, state, { body, session, limits, signal: undefined })
    },
    metadata: () => state.metadata,
    inconsistencies: () => state.inconsistencies,
    reload: async () => {
      state = await loadState(options)
    },
    close: async () => state.plans.clear(),
  }
}

async function batch(
  requests: unknown[],
  one: (request: unknown) => Promise<EngineAnswer>,
  { session, limits }: { session: Session; limits: Limits },
): Promise<EngineAnswer> {
  if (requests.length > limits.batch) {
    const error = exceeded('the number of operations', limits.batch)
    return { status: 200, body: errorBody(error, session.role === admin) }
  }
  // One after the other: a batch is one client's, and takes one connection at a time.
  const bodies: string[] = []
  for (const request of requests) bodies.push((await one(request)).body)
  return { status: 200, body: `[${bodies.join(',')}]` }
}
