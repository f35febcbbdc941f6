/** A request → SQL that is ready to be bound: planned and printed, or remembered from an equal request. */
import { createHash } from 'node:crypto'
import { type ActionRoot, isAction } from './actions/run-actions.ts'
import { RequestError } from './errors.ts'
import { readOperation } from './plan/document.ts'
import type { Limits } from './plan/limits.ts'
import { layoutOf, memberId } from './plan/members.ts'
import { planOperation } from './plan/operation.ts'
import type { Plan, RootPlan } from './plan/plan.ts'
import type { Planner } from './plan/planner.ts'
import { tablesRead } from './plan/touched.ts'
import { checkVariables, readVariables, type Variables } from './plan/variables.ts'
import type { Prepared, PreparedLive, Remembered } from './plan-cache.ts'
import { printLive, printStream } from './print/multiplex.ts'
import { printSelections } from './print/select.ts'
import type { GraphqlRequest } from './request.ts'
import { countApart } from './rows-apart.ts'
import { backendPrivilege, type Session } from './session.ts'
import type { EngineOptions, State } from './state.ts'

/** A request made ready. A mutation keeps its plan: how it runs depends on what its rows return. */
export type Ready = Remembered & {
  mutation: Plan | undefined
  /** Root fields that are actions: their input is read with the plan. */
  actions?: ActionRoot[]
}

/** Who asks, and how much. */
export type Asking = { session: Session; limits: Limits }

export function prepare(
  options: EngineOptions,
  state: State,
  request: GraphqlRequest,
  { session, limits }: Asking,
): Ready {
  const backend = backendPrivilege(session)
  if (backend === undefined) throw new RequestError('bad-request', '$', notABoolean)
  const key = [session.role, backend, request.operationName ?? '', request.query].join('\0')
  const known = state.plans.get(key, request.variables)
  if (known) {
    checkVariables(known.variables, request.variables)
    return { ...known, mutation: undefined }
  }
  state.allow(session.role, request.query)
  const operation = readOperation(request.query, request.operationName, limits.tokens)
  const unbound = options.removeUnboundVariables ? 'nothing' : 'null'
  const variables = readVariables(operation, request.variables, unbound)
  const planner: Planner = {
    schema: state.schemaFor(session.role, backend),
    variables,
    fragments: operation.fragments,
    stringify: options.stringifyNumericTypes ?? false,
    budget: { limits, nodes: 0, selections: 0, values: 0 },
    apart: () => {
      apart += 1
    },
  }
  let apart = 0
  const plan = planOperation(planner, operation)
  const remembered = { ...remember(state, plan, variables, limits), ...apartIn(plan, apart) }
  // A mutation's values are part of its plan.
  const actions = plan.roots.filter(isAction)
  if (plan.operation === 'mutation') return { ...remembered, mutation: plan, actions }
  if (actions.length > 0) return { ...remembered, mutation: undefined, actions }
  state.plans.set(key, variables, remembered)
  return { ...remembered, mutation: undefined }
}

/** Of queries alone: what a mutation returns and a subscriber is told comes from one statement. */
function apartIn({ operation, roots }: Plan, count: number): Pick<Remembered, 'apart'> {
  if (count === 0) return {}
  const queries = operation === 'query' ? roots.filter(root => root.is === 'query') : []
  const apart = queries.filter(({ selection }) => countApart(selection) > 0)
  const found = apart.reduce((sum, { selection }) => sum + countApart(selection), 0)
  if (found !== count)
    throw new RequestError(
      'not-supported',
      '$',
      'relationships to other sources are only supported in queries of tables and functions',
    )
  return { apart: apart.map(root => ({ id: memberId(root), selection: root.selection })) }
}

const notABoolean =
  'x-hasura-use-backend-only-permissions:  Not a valid boolean text. True values are ["true","t","yes","y"] and  False values are ["false","f","no","n"]. All values are case insensitive'

/** What is left of a plan once its SQL is printed. */
function remember(state: State, plan: Plan, { definitions, used }: Variables, limits: Limits): Remembered {
  const { operation: type, name, roots } = plan
  // What an action answered is in no statement: such a subscription is asked as a query is.
  const asked = type === 'query' || (type === 'subscription' && roots.some(isAction))
  const live = type === 'subscription' && !asked ? printSubscription(state, plan, limits) : undefined
  return {
    operation: { name, type, rootFields: roots.map(root => root.name) },
    members: roots.map(({ key, within }) => (within === undefined ? { key } : { key, within })),
    layout: layoutOf(roots.map(root => ({ ...root, json: root.is === 'json' ? root.json : undefined }))),
    prepared: asked ? printPlan(state, plan, limits) : [],
    ...(live ? { live } : {}),
    variables: { definitions, used },
  }
}

/** A statement for each source that the plan reads. */
function printPlan(state: State, { roots }: Plan, { bytes }: Limits): Prepared[] {
  const queries = roots.filter(root => root.is === 'query')
  return [...Map.groupBy(queries, root => root.source)].map(([source, group]) => {
    const statement = printSelections(
      group.map(({ selection }) => selection),
      bytes,
    )
    const name = statementName(state.names, statement.text)
    return { source, ids: group.map(memberId), statement, name }
  })
}

/** One statement for all who ask the same, whatever their values. */
function printSubscription(state: State, { roots }: Plan, limits: Limits): PreparedLive | undefined {
  const source = onlySource(roots, 'subscription')
  if (source === undefined) return undefined
  const stream = roots.find(root => root.is === 'stream')
  if (stream) checkAlone(stream, roots)
  const { bytes, timeMs } = limits
  const statement = stream ? printStream(roots, stream, bytes) : printLive(roots, bytes)
  return {
    shape: {
      source,
      statement,
      name: statementName(state.names, statement.text),
      stream: stream !== undefined,
      timeMs: timeMs || longestPollMs,
      mostBytes: bytes,
    },
    reads: tablesRead(roots),
    initial: stream?.stream.initial,
  }
}

function checkAlone(stream: RootPlan, roots: Plan['roots']): void {
  const others = roots.filter(root => root !== stream && root.is !== 'json')
  if (others.some(({ is }) => is === 'stream'))
    throw new RequestError(
      'not-supported',
      '$',
      'exactly one root field is allowed for streaming subscriptions',
    )
  if (others.length > 0)
    throw new RequestError(
      'not-supported',
      '$',
      'streaming and livequery subscriptions cannot be executed in the same subscription',
    )
}

/** Nobody waits for a poll, so even admin's ends. */
const longestPollMs = 60_000

/** Writes to two sources could not be undone together, and subscribers wait for one answer. */
export function onlySource(roots: Plan['roots'], operation: string): string | undefined {
  const sources = new Set(roots.flatMap(root => ('source' in root ? root.source : [])))
  if (sources.size > 1)
    throw new RequestError('not-supported', '$', `a ${operation} over several sources is not supported`)
  const [source] = sources
  return source
}

/** Each name stays prepared in every connection, so there is an end to them. */
const mostNames = 500

/** Statements are prepared under a name of their own text. */
function statementName(names: Set<string>, text: string): string | undefined {
  const name = `g${createHash('sha1').update(text).digest('hex').slice(0, 24)}`
  if (!names.has(name) && names.size >= mostNames) return undefined
  names.add(name)
  return name
}
