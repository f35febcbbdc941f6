/** test_webhook_transform: what a transform makes of a request, without sending it. */
import { RequestError } from '../errors.ts'
import { filled, variable } from '../webhook/settings.ts'
import { type Outgoing, TransformError, transformRequest } from '../webhook/transform.ts'
import type { Act } from './acts.ts'
import { type Args, isObject, text } from './arguments.ts'

export const testWebhookTransform: Act = async (_, args) => {
  const vars = textsOf(args.session_variables)
  const outgoing = outgoingOf(args, vars)
  return {
    webhook_url: outgoing.url,
    method: outgoing.method,
    headers: Object.entries(outgoing.headers).toSorted(([left], [right]) => (left < right ? -1 : 1)),
    body: outgoing.body === undefined ? '' : jsonOf(outgoing.body),
  }
}

function outgoingOf(args: Args, vars: Record<string, string>): Outgoing {
  try {
    return transformRequest(args.request_transform, {
      baseUrl: baseUrl(args),
      method: 'GET',
      body: args.body,
      headers: {},
      session: { role: vars['x-hasura-role'] ?? 'admin', vars },
    })
  } catch (cause) {
    if (cause instanceof TransformError)
      throw new RequestError('validation-failed', '$.args', cause.message, cause.details)
    throw new RequestError(
      'validation-failed',
      '$.args',
      cause instanceof Error ? cause.message : String(cause),
    )
  }
}

/** Only the variables that the command itself gives: the server's are not to be read this way. */
function baseUrl(args: Args): string {
  const env = textsOf(args.env)
  const { webhook_url: given } = args
  const named = isObject(given) && typeof given.from_env === 'string' ? given.from_env : undefined
  const url = named === undefined ? filled(text(args, 'webhook_url'), env) : variable(named, env)
  return new URL(url).href
}

function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(isObject(value) ? value : {})
  return Object.fromEntries(entries.map(([name, item]) => [name, String(item)]))
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
