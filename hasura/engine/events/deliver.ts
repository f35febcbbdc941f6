/** One event to its webhook: the request that Hasura makes, and what its answer means. */
import { withoutSecrets } from '../http/log.ts'
import type { EventTriggerMetadata } from '../metadata-types.ts'
import { type Environment, filled, headersOf, variable } from '../webhook/settings.ts'
import { type Outgoing, transformRequest } from '../webhook/transform.ts'
import type { WebhookAnswer, WebhookClient } from '../webhook/webhook-client.ts'
import type { LoggedEvent, Outcome } from './event-log.ts'

/** What was asked and answered, for the log. */
export type Invocation = { status: number | null; request: unknown; response: unknown }
export type Delivered = { outcome: Outcome; invocation: Invocation }
export type Retry = { retries: number; intervalSeconds: number; timeoutSeconds: number }

export function retryOf({ retry_conf = {} }: Pick<EventTriggerMetadata, 'retry_conf'>): Retry {
  const { num_retries = 0, interval_sec = 10, timeout_sec = 60 } = retry_conf
  return { retries: num_retries, intervalSeconds: interval_sec, timeoutSeconds: timeout_sec }
}

export async function deliverEvent(
  client: WebhookClient,
  env: Environment,
  { trigger, event }: { trigger: EventTriggerMetadata; event: LoggedEvent },
): Promise<Delivered> {
  const retry = retryOf(trigger)
  const body = bodyOf(event, retry)
  try {
    const { webhook, webhook_from_env } = trigger
    const url = webhook_from_env === undefined ? filled(webhook ?? '', env) : variable(webhook_from_env, env)
    const outgoing = transformRequest(trigger.request_transform, {
      baseUrl: url,
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headersOf(trigger.headers, env) },
      session: { role: 'admin', vars: sessionOf(event) },
    })
    return await deliver(client, outgoing, { retry, tries: event.tries, shown: body })
  } catch (cause) {
    // What cannot be made into a request will not be the next time either.
    const invocation = notSent(body, cause)
    return { outcome: afterFailure(retry, event.tries, undefined), invocation }
  }
}

/** For the log: there was no request at all. */
export function notSent(payload: unknown, cause: unknown): Invocation {
  const message = cause instanceof Error ? cause.message : String(cause)
  return { status: null, request: { payload }, response: { type: 'client_error', data: { message } } }
}

/** Sends, and says whether that was it. `shown` is what the log keeps of the request: no headers, which may be secret. */
export async function deliver(
  client: WebhookClient,
  outgoing: Outgoing,
  { retry, tries, shown }: { retry: Retry; tries: number; shown: unknown },
): Promise<Delivered> {
  const request = { payload: shown, url: withoutSecrets(outgoing.url), version: '2' }
  let answer: WebhookAnswer
  try {
    answer = await client({ ...outgoing, timeoutMs: retry.timeoutSeconds * 1000 })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const response = { type: 'client_error', data: { message }, version: '2' }
    return { outcome: afterFailure(retry, tries, undefined), invocation: { status: 1000, request, response } }
  }
  const { status } = answer
  const response = {
    type: 'webhook_response',
    data: { body: answer.body.slice(0, mostLogged), status },
    version: '2',
  }
  const good = status >= 200 && status < 300
  const outcome: Outcome = good ? { is: 'delivered' } : afterFailure(retry, tries, retryAfter(answer))
  return { outcome, invocation: { status, request, response } }
}

const mostLogged = 10_000
const longestWaitSeconds = 86_400

/** A webhook may say itself when it wants to be asked again, even after the last retry. */
function retryAfter({ headers }: WebhookAnswer): number | undefined {
  const seconds = Number(headers['retry-after'])
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, longestWaitSeconds) : undefined
}

function afterFailure(
  { retries, intervalSeconds }: Retry,
  tries: number,
  wanted: number | undefined,
): Outcome {
  if (wanted !== undefined) return { is: 'retry', afterSeconds: wanted }
  return tries < retries ? { is: 'retry', afterSeconds: intervalSeconds } : { is: 'failed' }
}

function bodyOf(event: LoggedEvent, { retries }: Retry) {
  const { op, data, session_variables = null, trace_context = null } = event.payload
  return {
    created_at: event.created_at,
    delivery_info: { current_retry: event.tries, max_retries: retries },
    event: { data, op, session_variables, trace_context },
    id: event.id,
    table: { name: event.table_name, schema: event.schema_name },
    trigger: { name: event.trigger_name },
  }
}

function sessionOf({ payload }: LoggedEvent): Record<string, string> {
  const { session_variables: vars } = payload
  return typeof vars === 'object' && vars !== null ? { ...vars } : {}
}
