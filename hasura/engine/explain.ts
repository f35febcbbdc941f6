/** The SQL of a request, without running it; and what Postgres would do. */
import { RequestError } from './errors.ts'
import { type Call, poolOf } from './execute.ts'
import type { Mutation } from './mutation/mutation.ts'
import { memberId } from './plan/members.ts'
import type { Encoded, Plan, Value } from './plan/plan.ts'
import type { PreparedLive } from './plan-cache.ts'
import { prepare } from './prepare.ts'
import { printDelete, printInsert, printUpdate } from './print/mutation.ts'
import { printSelections } from './print/select.ts'
import type { Statement } from './print/text.ts'
import { readRequest } from './request.ts'
import { asParameterText, bind, runRows } from './run.ts'
import type { EngineOptions, State } from './state.ts'

export type Explained = { field: string; sql: string }
export type ExplainedPlan = { field: string; sql: string | null; plan: string[] | null }
/** `variables`: what tells one subscriber from another, by where it comes from. */
export type ExplainedSubscription = {
  sql: string
  plan: string[]
  variables: { session: Record<string, string>; query: Record<string, never>; synthetic: (string | null)[] }
}

/** One entry per statement. Nested inserts are given by their outermost row: the others depend on what it returns. */
export function explain(options: EngineOptions, state: State, call: Call): Explained[] {
  const { mutation, prepared, live } = prepare(options, state, readRequest(call.body), call)
  if (mutation) return explainMutation(mutation)
  if (live) return [{ field: 'subscription', sql: live.shape.statement.text }]
  return prepared.map(({ ids, statement }) => ({
    field: ids.join(', ').replaceAll('\0', '.'),
    sql: statement.text,
  }))
}

/** Each root field by itself, as /v1/graphql/explain shows it. Mutations are refused: nobody wants them half done. */
export async function explainPlans(
  options: EngineOptions,
  state: State,
  call: Call,
): Promise<ExplainedPlan[] | ExplainedSubscription> {
  const request = readRequest(call.body)
  const { mutation, prepared, live, members } = prepare(options, state, request, call)
  if (mutation) throw new RequestError('invalid-params', '$', 'only queries can be explained')
  const bound = { session: call.session, variables: request.variables }
  if (live)
    return explainSubscription(
      options,
      live,
      call,
      bind(live.shape.statement.values, bound).map(asParameterText),
    )
  const explained = new Map<string, ExplainedPlan>()
  for (const { source, ids, statement } of prepared) {
    const plan = await planOf(options, source, call, {
      ...statement,
      parameters: bind(statement.values, bound),
    })
    for (const id of ids) explained.set(id, { field: id, sql: statement.text, plan })
  }
  return members.map(member => {
    const { sql = null, plan = null } = explained.get(memberId(member)) ?? {}
    return { field: member.key, sql, plan }
  })
}

async function explainSubscription(
  options: EngineOptions,
  { shape, initial }: PreparedLive,
  call: Call,
  values: (string | null)[],
): Promise<ExplainedSubscription> {
  const { text } = shape.statement
  const state = initial
    ? bind([initial], { session: call.session, variables: {} }).map(asParameterText)[0]
    : null
  const parameters = [[state ?? null], ...values.map(value => [value])]
  const session: Record<string, string> = {}
  const synthetic: (string | null)[] = []
  shape.statement.values.forEach((from: Value, position) => {
    const value = values[position] ?? null
    if (from.from === 'session') session[from.name] = value ?? ''
    else synthetic.push(value)
  })
  return {
    sql: text,
    plan: await planOf(options, shape.source, call, { text, parameters }),
    variables: { session, query: {}, synthetic },
  }
}

async function planOf(
  options: EngineOptions,
  source: string,
  { limits, signal }: Call,
  { text, parameters }: { text: string; parameters: Encoded[] },
): Promise<string[]> {
  const rows = await runRows(poolOf(options, source), {
    text: `explain (format text) ${text}`,
    values: parameters,
    name: undefined,
    timeMs: limits.timeMs,
    signal,
  })
  return rows.map(([line]) => line ?? '')
}

function explainMutation({ roots }: Plan): Explained[] {
  return roots.flatMap(root => {
    if (root.is !== 'query' && root.is !== 'mutation') return []
    const statements =
      root.is === 'query' ? [printSelections([root.selection])] : mutationStatements(root.mutation)
    return statements.map(({ text }) => ({ field: root.key, sql: text }))
  })
}

function mutationStatements(mutation: Mutation): Statement[] {
  switch (mutation.is) {
    case 'insert':
      return [printInsert(mutation.insert, mutation.insert.rows, mutation.output)]
    case 'update':
      return mutation.updates.map(update => printUpdate(update, mutation.output))
    case 'delete':
      return [printDelete(mutation.delete, mutation.output)]
  }
}
