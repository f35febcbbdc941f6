/** One request from its body to its answer: plan (or remember), bind, run, put together. */
import { createHash } from 'node:crypto'
import { errorBody, RequestError } from './errors.ts'
import { type Explained, explainMutation } from './explain.ts'
import { admin } from './model/role-permissions.ts'
import { runMutation } from './mutation/run-mutation.ts'
import { readOperation } from './plan/document.ts'
import { exceeded, type Limits } from './plan/limits.ts'
import { planOperation } from './plan/operation.ts'
import type { Plan, Value } from './plan/plan.ts'
import type { Planner } from './plan/planner.ts'
import { type Touched, tablesRead, tablesWritten } from './plan/touched.ts'
import { checkVariables, readVariables, type Variables } from './plan/variables.ts'
import type { OperationInfo, Prepared, PreparedLive, Remembered } from './plan-cache.ts'
import { printLive, printStream } from './print/multiplex.ts'
import { printSelections } from './print/select.ts'
import type { Statement } from './print/text.ts'
import { type GraphqlRequest, readRequest } from './request.ts'
import { asParameterText, bind, runStatement } from './run.ts'
import { backendPrivilege, type Session } from './session.ts'
import type { EngineAnswer, EngineOptions, State } from './state.ts'
import type { Subscribing } from './subscribe/live.ts'

export type Call = {
  body: unknown
  session: Session
  limits: Limits
  signal: AbortSignal | undefined
  /** Told after a mutation, with the tables it wrote to. */
  written?: ((source: string, tables: Touched) => void) | undefined
}

/** A request made ready. A mutation keeps its plan: how it runs depends on what its rows return. */
type Ready = Remembered & { mutation: Plan | undefined }

export async function answer(options: EngineOptions, state: State, call: Call): Promise<EngineAnswer> {
  let operation: OperationInfo | undefined
  try {
    const request = readRequest(call.body)
    const ready = prepare(options, state, request, call)
    operation = ready.operation
    if (operation.type === 'subscription') throw new RequestError('unexpected', '$', overHttp)
    const body = await run(options, ready, request, call)
    return { status: 200, body, operation }
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    const body = errorBody(cause, call.session.role === admin)
    return operation ? { status: 200, body, operation } : { status: 200, body }
  }
}

/** A subscription made ready for its poller; undefined when the request is none. Throws what `answer` would answer. */
export function readySubscription(options: EngineOptions, state: State, call: Call): Subscribing | undefined {
  const request = readRequest(call.body)
  const { live, operation } = prepare(options, state, request, call)
  if (operation.type !== 'subscription') return undefined
  if (!live) throw new RequestError('unexpected', '$', 'the subscription reads nothing')
  const bound = { session: call.session, variables: request.variables }
  const text = (values: Value[]) => bind(values, bound).map(asParameterText)
  const { shape, reads, initial } = live
  return {
    shape,
    reads,
    values: text(shape.statement.values),
    state: (initial && text([initial])[0]) ?? null,
  }
}

/** The statements that a request would run. Throws what `answer` would answer. */
export function explain(options: EngineOptions, state: State, call: Call): Explained[] {
  const { mutation, prepared } = prepare(options, state, readRequest(call.body), call)
  if (mutation) return explainMutation(mutation)
  return prepared.map(({ keys, statement }) => ({ field: keys.join(', '), sql: statement.text }))
}

function prepare(options: EngineOptions, state: State, request: GraphqlRequest, call: Call): Ready {
  const { session, limits } = call
  const backend = backendPrivilege(session)
  if (backend === undefined) throw new RequestError('bad-request', '$', notABoolean)
  const key = [session.role, backend, request.operationName ?? '', request.query].join('\0')
  const known = state.plans.get(key, request.variables)
  if (known) {
    checkVariables(known.definitions, request.variables)
    return { ...known, mutation: undefined }
  }
  state.allow(session.role, request.query)
  const operation = readOperation(request.query, request.operationName, limits.tokens)
  const variables = readVariables(operation.node, request.variables)
  const planner: Planner = {
    schema: state.schemaFor(session.role, backend),
    variables,
    fragments: operation.fragments,
    stringify: options.stringifyNumericTypes ?? false,
    budget: { limits, nodes: 0, values: 0 },
  }
  const plan = planOperation(planner, operation)
  const mutation = plan.operation === 'mutation' ? plan : undefined
  const live = plan.operation === 'subscription' ? printSubscription(state, plan, limits) : undefined
  const prepared = mutation || live ? [] : printPlan(state, plan, limits)
  const remembered = { ...rememberedOf(plan, prepared, variables), ...(live ? { live } : {}) }
  // A mutation's values are part of its plan.
  if (!mutation) state.plans.set(key, variables, remembered)
  return { ...remembered, mutation }
}

const overHttp = 'subscriptions are not supported over HTTP, use websockets instead'
const notABoolean =
  'x-hasura-use-backend-only-permissions:  Not a valid boolean text. True values are ["true","t","yes","y"] and  False values are ["false","f","no","n"]. All values are case insensitive'

/** What is left of a plan once its SQL is printed. */
function rememberedOf(
  { operation: type, name, roots }: Plan,
  prepared: Prepared[],
  { definitions }: Variables,
): Remembered {
  return {
    operation: { name, type, rootFields: roots.map(root => root.name) },
    members: roots.map(root => ({ key: root.key, json: root.is === 'json' ? root.json : undefined })),
    prepared,
    definitions,
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
    return {
      source,
      keys: group.map(({ key }) => key),
      statement,
      name: statementName(state.names, statement),
    }
  })
}

/** One statement for all who ask the same, whatever their values. */
function printSubscription(
  state: State,
  { roots }: Plan,
  { bytes, timeMs }: Limits,
): PreparedLive | undefined {
  const sources = new Set(roots.flatMap(root => (root.is === 'json' ? [] : root.source)))
  const [source] = sources
  if (source === undefined) return undefined
  if (sources.size > 1)
    throw new RequestError('not-supported', '$', 'a subscription over several sources is not supported')
  const stream = roots.find(root => root.is === 'stream')
  if (stream && roots.length > 1)
    throw new RequestError('not-supported', '$', 'a stream must be the only top level field')
  const statement = stream ? printStream(stream.key, stream.stream, bytes) : printLive(roots, bytes)
  const name = statementName(state.names, statement)
  return {
    shape: {
      source,
      statement,
      name,
      stream: stream !== undefined,
      timeMs: timeMs || longestPollMs,
      mostBytes: bytes,
    },
    reads: tablesRead(roots),
    initial: stream?.stream.initial,
  }
}

/** Nobody waits for a poll, so even admin's ends. */
const longestPollMs = 60_000

/** Each name stays prepared in every connection, so there is an end to them. */
const mostNames = 500

/** Statements are prepared under a name of their own text. */
function statementName(names: Set<string>, { text }: Pick<Statement, 'text'>): string | undefined {
  const name = `g${createHash('sha1').update(text).digest('hex').slice(0, 24)}`
  if (!names.has(name) && names.size >= mostNames) return undefined
  names.add(name)
  return name
}

async function run(
  options: EngineOptions,
  { members, prepared, mutation }: Ready,
  request: GraphqlRequest,
  call: Call,
): Promise<string> {
  const { session, limits, signal } = call
  const found = mutation ? await mutate(options, mutation, request, call) : new Map<string, string>()
  await Promise.all(
    prepared.map(async ({ source, keys, statement, name }) => {
      const values = bind(statement.values, { session, variables: request.variables })
      const pool = options.pools[source]
      if (!pool) throw new RequestError('unexpected', '$', `source "${source}" is not connected`)
      const row = await runStatement(pool, {
        text: statement.text,
        values,
        name,
        timeMs: limits.timeMs,
        signal,
      })
      if (row[keys.length] === 'f') throw exceeded('the size of the answer in bytes', limits.bytes)
      keys.forEach((key, position) => {
        found.set(key, row[position] ?? 'null')
      })
    }),
  )
  const written = members.map(({ key, json }) => `${JSON.stringify(key)}:${json ?? found.get(key)}`)
  return `{"data":{${written.join(',')}}}`
}

/** A mutation writes to one source: two could not be undone together. */
async function mutate(
  options: EngineOptions,
  { roots }: Plan,
  { variables }: GraphqlRequest,
  { session, limits, signal, written }: Call,
): Promise<Map<string, string>> {
  const sources = new Set(roots.flatMap(root => (root.is === 'json' ? [] : root.source)))
  const [source] = sources
  if (source === undefined) return new Map()
  if (sources.size > 1)
    throw new RequestError('not-supported', '$', 'a mutation over several sources is not supported')
  const pool = options.pools[source]
  if (!pool) throw new RequestError('unexpected', '$', `source "${source}" is not connected`)
  const answers = await runMutation(pool, roots, { session, variables, timeMs: limits.timeMs, signal })
  written?.(source, tablesWritten(roots))
  return answers
}
