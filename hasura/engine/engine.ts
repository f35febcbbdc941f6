/**
 * GraphQL over Postgres as Hasura v2 answers it, from a metadata folder and the database's own catalogue.
 *
 *   const engine = await createEngine({ metadataDir: 'hasura/metadata', pools: { default: pool } })
 *   const { status, body } = await engine.graphql({ body: { query: '{ items { description } }' }, session })
 */
import type pg from 'pg'
import { type ActionRunner, createActionRunner } from './actions/action-runner.ts'
import { type ActionOptions, timeoutSecondsOf } from './actions/call-action.ts'
import { createConnections } from './connections.ts'
import { errorBody } from './errors.ts'
import { answer, readySubscription } from './execute.ts'
import {
  type Explained,
  type ExplainedPlan,
  type ExplainedSubscription,
  explain,
  explainPlans,
} from './explain.ts'
import { limitsFor } from './limits.ts'
import type { Inconsistency, Metadata } from './metadata-types.ts'
import { outOfScope } from './model/out-of-scope.ts'
import { admin } from './model/role-permissions.ts'
import { exceeded, type Limits } from './plan/limits.ts'
import type { Session } from './session.ts'
import { type EngineAnswer, type EngineOptions, loadState, type State, type Within } from './state.ts'
import type { Listener } from './subscribe/listener.ts'
import { createLive, type LiveFigures } from './subscribe/live.ts'

export type { OperationInfo } from './plan-cache.ts'
export type { Session } from './session.ts'
export type { EngineAnswer, EngineOptions, State } from './state.ts'
export type { Listener } from './subscribe/listener.ts'

export type Engine = {
  /** Answers a request, or a list of them. Errors in Hasura's form; `body` is JSON text. */
  graphql(request: GraphqlCall): Promise<EngineAnswer>
  /**
   * Begins a subscription; the function that comes back ends it. Undefined for a query or mutation, which `graphql`
   * answers. Throws a RequestError for a request that is refused.
   */
  subscribe(request: { body: unknown; session: Session }, listener: Listener): (() => void) | undefined
  /** Subscriptions under way. */
  subscriptions(): LiveFigures
  /** The SQL of a request, which is not run. Throws a RequestError for a request that is refused. */
  explain(request: { body: unknown; session: Session }): Explained[]
  /** The same with Postgres' plans, as /v1/graphql/explain shows them. */
  explainPlans(request: { body: unknown; session: Session }): Promise<ExplainedPlan[] | ExplainedSubscription>
  /** What was read. */
  metadata(): Metadata
  /** What of the metadata cannot be served: what is wrong in it, and what this server does not have. */
  inconsistencies(): Inconsistency[]
  /** Reads metadata and catalogue again. Requests under way finish with what they began with. */
  reload(): Promise<void>
  /** For the metadata API: what is in force, what other metadata would give, and putting that in force. */
  control: EngineControl
  close(): Promise<void>
}

export type GraphqlCall = {
  body: unknown
  session: Session
  signal?: AbortSignal
  /** Of the client, their names in lower case: for actions that forward them. */
  headers?: Readonly<Record<string, string>>
}

export type EngineControl = {
  current(): State
  /** `within`: a source's catalogue is read on this connection, which may be in a transaction. */
  load(metadata: Metadata, within?: Within): Promise<State>
  use(state: State): Promise<void>
  pool(source: string): pg.Pool | undefined
}

export async function createEngine(given: EngineOptions): Promise<Engine> {
  const connections = createConnections(given.pools, given.connect)
  const options = { ...given, pools: connections.pools }
  let state = await loadState(options, connections)
  const live = createLive(options.pools, options.subscriptions ?? {})
  const runner =
    options.actions && startRunner(options.actions, options.pools, () => state, live.refreshRepeated)
  return {
    graphql: ({ body, session, signal, headers }) => {
      const current = state
      const limits = limitsFor(session.role, options.limits ?? {}, current.metadata)
      const one = (request: unknown) =>
        answer(options, current, {
          body: request,
          session,
          limits,
          signal,
          written: live.written,
          runner,
          headers,
        })
      return Array.isArray(body) ? batch(body, one, { session, limits }) : one(body)
    },
    subscribe: ({ body, session }, listener) => {
      const limits = limitsFor(session.role, options.limits ?? {}, state.metadata)
      const ready = readySubscription(options, state, { body, session, limits, signal: undefined })
      if (!ready) return undefined
      return 'ask' in ready ? live.repeat(ready, listener) : live.add(ready, listener)
    },
    subscriptions: live.figures,
    explain: ({ body, session }) => {
      const limits = limitsFor(session.role, options.limits ?? {}, state.metadata)
      return explain(options, state, { body, session, limits, signal: undefined })
    },
    explainPlans: ({ body, session }) => {
      const limits = limitsFor(session.role, options.limits ?? {}, state.metadata)
      return explainPlans(options, state, { body, session, limits, signal: undefined })
    },
    metadata: () => state.metadata,
    inconsistencies: () => [...state.inconsistencies, ...outOfScope(state.metadata)],
    reload: async () => {
      state = await loadState(options, connections)
      // They were planned with permissions that may no longer hold.
      live.end()
    },
    control: {
      current: () => state,
      load: (metadata, within) => loadState({ ...options, metadata }, connections, within),
      use: async next => {
        state = next
        await connections.prune(next.metadata)
        live.end()
      },
      pool: source => connections.pools[source],
    },
    close: async () => {
      live.end()
      await runner?.close()
      state.plans.clear()
      await connections.close()
    },
  }
}

function startRunner(
  actions: ActionOptions,
  pools: Readonly<Record<string, pg.Pool>>,
  state: () => State,
  finished: () => void,
): ActionRunner {
  return createActionRunner(actions, {
    pool: () => {
      const { model } = state()
      // Without one there is nothing to look after.
      if (![...model.actions.values()].some(({ asynchronous }) => asynchronous)) return undefined
      return actions.logSource === undefined ? Object.values(pools)[0] : pools[actions.logSource]
    },
    find: name => state().model.actions.get(name),
    longestSeconds: () => Math.max(0, ...[...state().model.actions.values()].map(timeoutSecondsOf)),
    finished,
  })
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
