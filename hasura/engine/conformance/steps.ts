/** The steps of a vector, one after the other: requests, SQL, assertions, waiting. */
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { HttpAnswer, HttpRequest } from '../http/serve.ts'
import { compareBodies, keysInOrder } from './compare.ts'
import { assign, type Results, resolved } from './expressions.ts'
import type { Step } from './vectors.ts'

/** What the steps are done to. */
export type Subject = {
  request(step: Step): HttpRequest
  send(request: HttpRequest): Promise<HttpAnswer>
  sql(text: string, database: string | undefined): Promise<unknown[][]>
  /** What expressions may name besides the steps. */
  named?: Record<string, unknown>
  /** A step of another kind; a fault, or undefined. */
  other?: ((step: Step, results: Results) => Promise<string | undefined>) | undefined
}
export type StepsVerdict = { verdict: 'passed' | 'code-path' | 'failed'; reason?: string }

/** A fault that begins so is the right error in other words. */
const words = 'words: '

export async function runSteps(subject: Subject, steps: Step[]): Promise<StepsVerdict> {
  const results: Results = new Map(Object.entries(subject.named ?? {}))
  let inOtherWords: string | undefined
  for (const group of grouped(steps)) {
    const fault = await runGroup(subject, group, results)
    if (fault?.startsWith(words)) inOtherWords ??= fault
    else if (fault !== undefined) return { verdict: 'failed', reason: fault }
  }
  return inOtherWords === undefined ? { verdict: 'passed' } : { verdict: 'code-path', reason: inOtherWords }
}

type Group =
  | { is: 'step'; step: Step }
  | { is: 'poll'; tries: number; intervalMs: number; steps: Step[] }
  /** Has to fail. */
  | { is: 'raises'; steps: Step[] }

function grouped(steps: Step[]): Group[] {
  const groups: Group[] = []
  let open: Group | undefined
  for (const step of steps) {
    const poll = step.begin_poll as { tries: number; interval_s: number } | undefined
    if (poll) open = { is: 'poll', tries: poll.tries, intervalMs: poll.interval_s * 1000, steps: [] }
    else if (step.begin_expect_raises !== undefined) open = { is: 'raises', steps: [] }
    else if (step.end_poll || step.end_expect_raises) {
      if (open) groups.push(open)
      open = undefined
    } else if (open && open.is !== 'step') open.steps.push(step)
    else groups.push({ is: 'step', step })
  }
  return groups
}

async function runGroup(subject: Subject, group: Group, results: Results): Promise<string | undefined> {
  if (group.is === 'step') return runStep(subject, group.step, results)
  const once = async () => {
    for (const step of group.steps) {
      const fault = await runStep(subject, step, results)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  if (group.is === 'raises')
    return (await once()) === undefined ? 'it should have failed, and held' : undefined
  let fault: string | undefined
  for (let attempt = 0; attempt < group.tries; attempt++) {
    fault = await once()
    if (fault === undefined) return undefined
    await wait(group.intervalMs)
  }
  return fault
}

async function runStep(subject: Subject, step: Step, results: Results): Promise<string | undefined> {
  if (step.request) return runRequest(subject, step, results)
  if (step.sql !== undefined) {
    const { database } = step
    results.set(idOf(step), {
      rows: await subject.sql(step.sql, typeof database === 'string' ? database : undefined),
    })
    return undefined
  }
  if (step.assert) return asserted(step.assert, results)
  if (typeof step.note === 'string')
    return assign(step.note, results) ? undefined : `not supported: ${step.note}`
  if (typeof step.sleep === 'number') return void (await wait(step.sleep * 1000))
  const fault = subject.other
    ? await subject.other(step, results)
    : `not supported: step ${Object.keys(step).join(', ')}`
  return fault
}

function idOf({ id }: Step): string {
  return typeof id === 'string' ? id : ''
}

/** Assertions that could not be recorded (`const-true`, `unevaluated`) say nothing. */
function asserted({ op, left, right, src }: NonNullable<Step['assert']>, results: Results) {
  if (op !== 'eq') return undefined
  const [got, wanted] = [resolved(left, results), resolved(right, results)]
  // A key that is not there is None to the tests that were recorded.
  if (isDeepStrictEqual(got ?? null, wanted ?? null)) return undefined
  return `${src}\n  wanted ${JSON.stringify(wanted)}\n  got    ${JSON.stringify(got)}`
}

/** Undefined when the answer is the recorded one. */
async function runRequest(subject: Subject, step: Step, results: Results): Promise<string | undefined> {
  const unresolved = equivalent(subject.request(step), step)
  const request = { ...unresolved, body: resolved(unresolved.body, results) }
  const answer = await subject.send(request)
  const got = parsed(answer.body)
  results.set(idOf(step), {
    status: answer.status,
    body: got,
    text: answer.body,
    headers: answer.headers ?? {},
  })
  const { expect = {} } = unresolved.url === subject.request(step).url ? step : { expect: { status: 200 } }
  if (expect.status !== undefined && expect.status !== answer.status)
    return `status ${answer.status} instead of ${expect.status}: ${JSON.stringify(request.body)} ${answer.body.slice(0, 500)}`
  const wanted = expect.any_of ?? (expect.body === undefined ? [] : [expect.body])
  if (wanted.length === 0) return undefined
  const verdicts = wanted.map(body => compareBodies(resolved(body, results), got))
  const shown = `${JSON.stringify(request.body)}\n  wanted ${JSON.stringify(wanted[0])}\n  got    ${answer.body}`
  if (!verdicts.includes('same')) return `${verdicts.includes('code-path') ? words : ''}${shown}`
  return orderFault(request.body, got)
}

/** Commands on rows at /v1/query are out of scope: where the recording says what they are in GraphQL, that is sent. */
function equivalent(request: HttpRequest, { graphql_equivalent: body }: Step): HttpRequest {
  return body === undefined ? request : { ...request, url: '/v1/graphql', body }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

function orderFault(body: unknown, got: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('query' in body) || typeof body.query !== 'string')
    return undefined
  if (typeof got !== 'object' || got === null || !('data' in got)) return undefined
  return keysInOrder(body.query, got.data) ? undefined : `keys out of order: ${body.query}`
}
