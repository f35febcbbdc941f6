/** The authorization hooks of the vectors: one that reads a token, one that hands on cookies, one that echoes. */
import type { Vector } from './vectors.ts'
import { type Received, type Reply, startWebhookServer, type WebhookServer } from './webhook-server.ts'

export function startAuthWebhooks(): Promise<WebhookServer> {
  return startWebhookServer(request => {
    const headers = headersOf(request)
    if (headers.cookie !== undefined) return cookies(headers)
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
    const session = token === undefined ? undefined : sessionOf(token)
    return session?.['X-Hasura-Auth-Mode'] === 'webhook'
      ? { status: 200, body: session }
      : { status: 401, body: {} }
  })
}

/** Lets everybody in as `auth-user-id` says, and keeps what it was shown for `graphql_service.get_event(…)`. */
export async function startEchoHook(): Promise<WebhookServer & { named: Record<string, unknown> }> {
  const seen: unknown[] = []
  const server = await startWebhookServer(received => {
    const body = { 'x-hasura-role': 'user', 'x-hasura-user-id': headersOf(received)['auth-user-id'] ?? '' }
    const { request } = received.body as { request: unknown }
    seen.push({ request, headers: body })
    return { status: 200, body }
  })
  const named = Object.defineProperty({}, 'get_event(3)', { enumerable: true, get: () => seen.shift() })
  return { ...server, named }
}

/** Whether the recording has asked such a hook. */
export function asksEchoHook({ steps }: Vector): boolean {
  return JSON.stringify(steps).includes('${graphql_service.get_event(')
}

/** In POST mode the client's headers stand in the body. */
function headersOf({ method, headers, body }: Received): Record<string, string> {
  const own = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  if (method !== 'POST' || typeof body !== 'object' || body === null || !('headers' in body)) return own
  const given = Object.entries(body.headers as Record<string, string>)
  return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]))
}

function sessionOf(token: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(token, 'base64').toString('utf8'))
  } catch {
    return undefined
  }
}

function cookies(headers: Record<string, string>): Reply {
  const set = Object.entries(headers)
    .filter(([name]) => name.startsWith('response-set-cookie-'))
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([, value]) => value)
  return { status: 200, body: { 'x-hasura-role': 'admin' }, headers: { 'set-cookie': set } }
}
