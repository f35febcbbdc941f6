/**
 * The authorization hook: a server of the user's that turns the headers of a request into session variables.
 *
 * Source: https://hasura.io/docs/2.0/auth/authentication/webhook/
 */
import { fault, RequestError } from '../errors.ts'
import { backendOnly } from '../session.ts'
import { forwardedHeaders } from '../webhook/client-headers.ts'
import { post, type WebhookAnswer, type WebhookClient } from '../webhook/webhook-client.ts'
import type { Identified } from './identify.ts'
import type { Headers } from './jwt.ts'
import { type Log, withoutSecrets } from './log.ts'

export type AuthHookConfig = {
  url: string
  mode?: 'GET' | 'POST'
  /** In POST mode, whether the hook is shown the GraphQL request. */
  sendRequestBody?: boolean
  timeoutMs?: number
}
export type AuthHook = (request: { headers: Headers; body?: unknown }) => Promise<Identified>

export function createAuthHook(client: WebhookClient, config: AuthHookConfig, log?: Log): AuthHook {
  const { url, mode = 'GET', sendRequestBody = true, timeoutMs = 10_000 } = config
  return async ({ headers, body }) => {
    const shown = forwardedHeaders(headers)
    const request =
      mode === 'GET'
        ? { url, method: 'GET', headers: shown, timeoutMs }
        : post(url, { headers: shown, request: sendRequestBody ? (body ?? null) : null }, { timeoutMs })
    // The hook's answer and the client's headers are what lets it in: neither is written down.
    const note = (status: number | null, error: string | null) =>
      log?.write('webhook-log', status === 200 || status === 401 ? 'info' : 'error', {
        status_code: status,
        url: withoutSecrets(url),
        method: mode,
        http_error: error,
        response: null,
        message: null,
      })
    const answer = await client(request).catch((cause: unknown) => {
      note(null, cause instanceof Error ? cause.message : String(cause))
      throw failed('webhook authentication request failed')
    })
    note(answer.status, null)
    return sessionOf(answer)
  }
}

/** What only the admin secret gives, and the secret itself under both of its names. */
const notOfHook = new Set([backendOnly, 'x-hasura-admin-secret', 'x-hasura-access-key'])

function failed(message: string): RequestError {
  return fault('$', message)
}

function sessionOf({ status, body, headers }: WebhookAnswer): Identified {
  if (status === 401)
    throw new RequestError(
      'access-denied',
      '$',
      'Authentication hook unauthorized this request',
      undefined,
      401,
    )
  if (status !== 200) throw failed('Invalid response from authorization hook')
  const vars = variablesOf(body)
  const role = vars['x-hasura-role']
  if (role === undefined || role === '')
    throw new RequestError('invalid-params', '$', '"x-hasura-role" not found in session variables')
  const expiresAt = expiryOf(vars)
  const cookies = [headers['set-cookie'] ?? []].flat()
  const session: Record<string, string> = {}
  for (const [name, value] of Object.entries(vars))
    if (name.startsWith('x-hasura-') && !notOfHook.has(name)) session[name] = value
  return {
    role,
    vars: session,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    // The last one that was set stands first.
    ...(cookies.length > 0 ? { setCookies: cookies.toReversed() } : {}),
  }
}

function variablesOf(body: string): Record<string, string> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw failed('Invalid response from authorization hook')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw failed('Invalid response from authorization hook')
  const vars: Record<string, string> = {}
  for (const [name, value] of Object.entries(parsed))
    vars[name.toLowerCase()] = typeof value === 'string' ? value : JSON.stringify(value)
  return vars
}

/** The hook may say how long a connection that it lets in may stay, as HTTP's headers would. */
function expiryOf(vars: Record<string, string>): number | undefined {
  const maxAge = maxAgeOf(vars['cache-control'])
  if (maxAge !== undefined) return Date.now() + maxAge * 1000
  const expires = Date.parse(vars.expires ?? '')
  return Number.isNaN(expires) ? undefined : expires
}

export function maxAgeOf(cacheControl: string | undefined): number | undefined {
  const found = /(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*"?(\d+)/i.exec(cacheControl ?? '')
  return found ? Number(found[1]) : undefined
}
