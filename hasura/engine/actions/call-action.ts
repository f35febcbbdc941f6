/**
 * One call of an action's webhook: what it is sent, what may come back.
 *
 * Source: https://hasura.io/docs/2.0/actions/action-handlers/
 */
import { fault, RequestError } from '../errors.ts'
import { parseExact } from '../exact-json.ts'
import type { Action } from '../model/actions.ts'
import type { Session } from '../session.ts'
import { forwardedHeaders } from '../webhook/client-headers.ts'
import { type Environment, filled, headersOf } from '../webhook/settings.ts'
import { type Outgoing, TransformError, transformRequest, transformResponse } from '../webhook/transform.ts'
import type { WebhookAnswer, WebhookClient } from '../webhook/webhook-client.ts'

export type ActionOptions = {
  client: WebhookClient
  /** What `{{NAME}}` and value_from_env take. */
  env?: Environment
  /** The source that keeps asynchronous actions, in a schema hdb_catalog of its own; the first one otherwise. */
  logSource?: string
}
export type ActionCall = {
  action: Action
  input: Record<string, unknown>
  session: Session
  requestQuery: string
  /** Of the client, for actions that forward them. */
  clientHeaders?: Readonly<Record<string, string>> | undefined
}

const defaultTimeoutSeconds = 30
export function timeoutSecondsOf({ definition: { timeout = defaultTimeoutSeconds } }: Action): number {
  return timeout
}

/** The JSON that the webhook answers, transformed. Throws what the webhook said went wrong. */
export async function callAction({ client, env = {} }: ActionOptions, call: ActionCall): Promise<unknown> {
  const { action, session } = call
  const payload = payloadOf(call)
  let outgoing: Outgoing
  try {
    outgoing = outgoingOf(env, call, payload)
  } catch (cause) {
    if (cause instanceof TransformError) throw fault('$', cause.message, cause.details)
    throw fault('$', cause instanceof Error ? cause.message : String(cause))
  }
  const timeoutMs = timeoutSecondsOf(action) * 1000
  const answer = await client({ ...outgoing, timeoutMs }).catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw fault('$', 'http exception when calling webhook', {
      error: message,
      request: shown(outgoing, payload),
    })
  })
  const parsed = parsedBody(answer)
  const internal = (error: string) => ({
    error,
    response: { status: answer.status, body: parsed.body ?? answer.body, headers: [] },
    request: shown(outgoing, payload),
  })
  if (answer.status >= 400 && answer.status < 500)
    throw refused(answer.status, parsed.body, internal('unexpected response'))
  if (answer.status < 200 || answer.status >= 300)
    throw fault('$', 'internal error', internal('unexpected response'))
  if (!parsed.json)
    throw fault('$', 'not a valid json response from webhook', internal('unexpected response'))
  try {
    return transformResponse(action.definition.response_transform, {
      body: parsed.body,
      status: answer.status,
      session,
      request: payload,
    })
  } catch (cause) {
    if (cause instanceof TransformError) throw fault('$', cause.message, cause.details)
    throw cause
  }
}

function payloadOf({ action, input, session, requestQuery }: ActionCall) {
  return {
    session_variables: { 'x-hasura-role': session.role, ...session.vars },
    input,
    action: { name: action.name },
    request_query: requestQuery,
  }
}

/** Of the client's headers what its webhook is shown, if any. */
export function shownHeaders(
  { definition: { forward_client_headers, ignored_client_headers } }: Action,
  clientHeaders: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return forward_client_headers ? forwardedHeaders(clientHeaders, ignored_client_headers) : {}
}

function outgoingOf(
  env: Environment,
  { action, session, clientHeaders }: ActionCall,
  payload: unknown,
): Outgoing {
  const { handler, headers, request_transform } = action.definition
  return transformRequest(request_transform, {
    baseUrl: filled(handler, env),
    method: 'POST',
    body: payload,
    headers: {
      'content-type': 'application/json',
      ...shownHeaders(action, clientHeaders),
      ...headersOf(headers, env),
    },
    session,
    operationName: undefined,
  })
}

function parsedBody({ body }: WebhookAnswer): { json: boolean; body: unknown } {
  try {
    return { json: true, body: parseExact(body) }
  } catch {
    return { json: false, body: undefined }
  }
}

/** Header values may be secrets: only the body is shown, and only to admin. */
function shown({ url }: Outgoing, body: unknown) {
  return { url, body, headers: [], transformed_request: null }
}

/** `{message, code?, extensions?}` of a webhook that answers 4xx. */
function refused(status: number, body: unknown, internal: unknown): RequestError {
  if (typeof body !== 'object' || body === null || !('message' in body) || typeof body.message !== 'string')
    return fault('$', 'internal error', internal)
  const code = 'code' in body && typeof body.code === 'string' ? body.code : 'unexpected'
  const extensions = 'extensions' in body ? body.extensions : undefined
  const error = new RequestError(code, '$', body.message, internal, status)
  return typeof extensions === 'object' && extensions !== null
    ? error.withExtensions({ ...extensions })
    : error
}
