/** For tests: route files around services, and what is sent to them. */
import { rawRequest } from '../test-router.ts'

/** Everything goes to the service `top`; `services` as YAML from its first column on. The middleware `mark` is there to name. */
export function routesTo(services: string): string {
  return `
http:
  routers: { all: { rule: PathPrefix(\`/\`), service: top } }
  middlewares: { mark: { headers: { customRequestHeaders: { X-Mark: '1' } } } }
  services:
${services.replace(/^/gm, '    ')}
`
}

export function serverAt(url: string): string {
  return `{ loadBalancer: { servers: [{ url: '${url}' }] } }`
}

export function post(body: string): string {
  return rawRequest('/x?q=1', [`Content-Length: ${body.length}`, 'X-Two: 2'], 'POST') + body
}

/** False when it does not come true within two seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return true
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return false
}
