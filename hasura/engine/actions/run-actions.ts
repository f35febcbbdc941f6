/** The root fields of a request that are actions. */
import { fault, RequestError } from '../errors.ts'
import { admin } from '../model/role-permissions.ts'
import type { AnswerOutput } from '../plan/action.ts'
import { memberId } from '../plan/members.ts'
import type { RootPlan } from '../plan/plan.ts'
import type { Session } from '../session.ts'
import { findAction, type LoggedResult, logAction } from './action-log.ts'
import type { ActionRunner } from './action-runner.ts'
import { type ActionOptions, callAction, shownHeaders } from './call-action.ts'
import { fillGaps, type Reading } from './related-rows.ts'
import { type Gap, shapeAnswer, shapedText } from './shape-answer.ts'

export type ActionRoot = RootPlan & { is: 'action' | 'action-result' }
export type ActionRun = Reading & {
  options: ActionOptions | undefined
  runner: ActionRunner | undefined
  session: Session
  requestQuery: string
  clientHeaders?: Readonly<Record<string, string>> | undefined
}

export function isAction(root: RootPlan): root is ActionRoot {
  return root.is === 'action' || root.is === 'action-result'
}

/** One after the other, as mutations are. */
export async function runActions(
  roots: ActionRoot[],
  run: ActionRun,
  found: Map<string, string>,
): Promise<void> {
  const { options } = run
  if (!options && roots.length > 0)
    throw new RequestError('not-supported', '$', 'actions are switched off on this server')
  for (const root of roots) if (options) found.set(memberId(root), await runOne(root, { ...run, options }))
}

type Running = ActionRun & { options: ActionOptions }

async function runOne(root: ActionRoot, run: Running): Promise<string> {
  if (root.is === 'action-result') return resultOf(root, run)
  const { action, input, type, outputs } = root.plan
  if (action.asynchronous) return JSON.stringify(await later(root, run))
  const { session, requestQuery, clientHeaders } = run
  const answer = await callAction(run.options, { action, input, session, requestQuery, clientHeaders })
  const gaps: Gap[] = []
  const shaped = shapeAnswer(answer, type, outputs, gaps)
  await fillGaps(gaps, run)
  return shapedText(shaped)
}

function logPool({ pools, options }: Running) {
  const pool = options.logSource === undefined ? Object.values(pools)[0] : pools[options.logSource]
  if (!pool) throw fault('$', 'there is no database that keeps asynchronous actions')
  return pool
}

function variablesOf({ role, vars }: Session): Record<string, string> {
  return { ...vars, 'x-hasura-role': role }
}

async function later({ plan }: RootPlan & { is: 'action' }, run: Running): Promise<string> {
  const { action, input } = plan
  const id = await logAction(logPool(run), {
    action_name: action.name,
    input_payload: input,
    // Only what is forwarded is kept: the others may be secret, and a database has many readers.
    request_headers: shownHeaders(action, run.clientHeaders),
    session_variables: variablesOf(run.session),
    request_query: run.requestQuery,
  })
  run.runner?.wake()
  return id
}

async function resultOf({ plan }: RootPlan & { is: 'action-result' }, run: Running): Promise<string> {
  const { action, id, outputs } = plan
  const session = run.session.role === admin ? undefined : variablesOf(run.session)
  const logged = await findAction(logPool(run), { name: action.name, id: String(id), session })
  if (!logged) return 'null'
  const members: string[] = []
  for (const output of outputs)
    members.push(`${JSON.stringify(output.key)}:${await memberOf(output, logged, run)}`)
  return `{${members.join(',')}}`
}

async function memberOf(output: AnswerOutput, logged: LoggedResult, run: Running): Promise<string> {
  if (output.is === 'text') return JSON.stringify(output.value)
  if (output.is !== 'field') return 'null'
  if (output.name === 'id') return JSON.stringify(logged.id)
  if (output.name === 'created_at') return JSON.stringify(logged.created_at)
  if (output.name === 'errors') return JSON.stringify(logged.errors)
  if (logged.response_payload === null) return 'null'
  const gaps: Gap[] = []
  const shaped = shapeAnswer(logged.response_payload, output.type, output.outputs, gaps)
  await fillGaps(gaps, run)
  return shapedText(shaped)
}
