/** One request from its body to its answer: prepare, bind, run, put together. */
import type { ActionRunner } from './actions/action-runner.ts'
import { isAction, runActions } from './actions/run-actions.ts'
import { errorBody, fault, RequestError } from './errors.ts'
import { admin } from './model/role-permissions.ts'
import { runMutation } from './mutation/run-mutation.ts'
import { validateInputs } from './mutation/validate-input.ts'
import { exceeded } from './plan/limits.ts'
import { laidOut } from './plan/members.ts'
import type { Plan, Value } from './plan/plan.ts'
import { type Touched, tablesWritten } from './plan/touched.ts'
import type { OperationInfo, Prepared } from './plan-cache.ts'
import { type Asking, onlySource, prepare, type Ready } from './prepare.ts'
import { type GraphqlRequest, readRequest } from './request.ts'
import { withRowsApart } from './rows-apart.ts'
import { asParameterText, bind, runStatement } from './run.ts'
import type { EngineAnswer, EngineOptions, State } from './state.ts'
import type { Repeating, Subscribing } from './subscribe/live.ts'

export type Call = Asking & {
  body: unknown
  signal: AbortSignal | undefined
  /** Runs asynchronous actions. */
  runner?: ActionRunner | undefined
  /** Of the client, for actions that forward them. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Told after a mutation, with the tables it wrote to. */
  written?: ((source: string, tables: Touched) => void) | undefined
}

export async function answer(options: EngineOptions, state: State, call: Call): Promise<EngineAnswer> {
  let operation: OperationInfo | undefined
  try {
    const request = readRequest(call.body)
    const ready = prepare(options, state, request, call)
    operation = ready.operation
    if (operation.type === 'subscription') throw new RequestError('unexpected-payload', '$', overHttp)
    const body = await run(options, ready, request, call)
    return { status: 200, body, operation, statements: ready.prepared }
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    const body = errorBody(cause, call.session.role === admin)
    return { status: 200, body, error: cause, ...(operation ? { operation } : {}) }
  }
}

const overHttp = 'subscriptions are not supported over HTTP, use websockets instead'

const introspective = 'Introspection at root field level is not supported over subscriptions'

/** A subscription made ready for its poller; undefined when the request is none. Throws what `answer` would answer. */
export function readySubscription(
  options: EngineOptions,
  state: State,
  call: Call,
): Subscribing | Repeating | undefined {
  const request = readRequest(call.body)
  const ready = prepare(options, state, request, call)
  const { live, operation } = ready
  if (operation.type !== 'subscription') return undefined
  if (ready.actions?.length) return { ask: () => run(options, ready, request, call) }
  if (!live) throw new RequestError('not-supported', '$', introspective)
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

async function run(
  options: EngineOptions,
  { layout, prepared, mutation, apart = [], actions = [] }: Ready,
  request: GraphqlRequest,
  call: Call,
): Promise<string> {
  const found = mutation ? await mutate(options, mutation, request, call) : new Map<string, string>()
  const [only, ...more] = prepared.map(each => read(options, each, { request, call, found }))
  await (more.length === 0 ? only : Promise.all([only, ...more]))
  const { session, limits, signal, runner, headers } = call
  const reading = { pools: options.pools, bound: { session, variables: request.variables }, limits, signal }
  for (const { id, selection } of apart)
    found.set(id, await withRowsApart(found.get(id) ?? 'null', selection, reading))
  if (actions.length > 0) {
    const run = { ...reading, options: options.actions, runner, session }
    await runActions(actions, { ...run, requestQuery: request.query, clientHeaders: headers }, found)
  }
  return laidOut(layout, found)
}

async function read(
  options: EngineOptions,
  { source, ids, statement, name }: Prepared,
  { request, call, found }: { request: GraphqlRequest; call: Call; found: Map<string, string> },
): Promise<void> {
  const { session, limits, signal } = call
  const values = bind(statement.values, { session, variables: request.variables })
  const row = await runStatement(poolOf(options, source), {
    text: statement.text,
    values,
    name,
    timeMs: limits.timeMs,
    signal,
  })
  if (row[ids.length] === 'f') throw exceeded('the size of the answer in bytes', limits.bytes)
  ids.forEach((id, position) => {
    found.set(id, row[position] ?? 'null')
  })
}

export function poolOf({ pools }: EngineOptions, source: string) {
  const pool = pools[source]
  if (!pool) throw fault('$', `source "${source}" is not connected`)
  return pool
}

async function mutate(
  options: EngineOptions,
  { roots }: Plan,
  { variables }: GraphqlRequest,
  { session, limits, signal, written, headers }: Call,
): Promise<Map<string, string>> {
  const source = onlySource(roots, 'mutation')
  if (source === undefined) return new Map()
  const bound = { session, variables, timeMs: limits.timeMs, signal }
  const ours = roots.filter(root => !isAction(root))
  const mutations = ours.flatMap(root => (root.is === 'mutation' ? [root.mutation] : []))
  await validateInputs(mutations, options.validateInput, { session, headers })
  const answers = await runMutation(poolOf(options, source), ours, bound)
  written?.(source, tablesWritten(roots))
  return answers
}
