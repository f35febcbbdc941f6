/** The address of keys that vectors name as `{{JWK_SERVER_URL}}`: it says of its answer what the query asks it to say. */
import { publicJwks } from './placeholders.ts'
import { startWebhookServer, type WebhookServer } from './webhook-server.ts'

export function startJwkServer(): Promise<WebhookServer> {
  return startWebhookServer(({ path }) => {
    const { pathname, searchParams } = new URL(path, 'http://localhost')
    const headers: Record<string, string> = {}
    if (pathname === '/jwk-cache-control')
      headers['cache-control'] = [...searchParams]
        .map(([name, value]) => (value === 'true' ? name : `${name}=${value}`))
        .join(', ')
    if (pathname === '/jwk-expires')
      headers.expires = new Date(Date.now() + Number(searchParams.get('seconds')) * 1000).toUTCString()
    return { status: 200, body: publicJwks(), headers }
  })
}
