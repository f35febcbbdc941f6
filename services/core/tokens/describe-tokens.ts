/**
 * POST /v1/core/tokens stands among core's routes, and in its OpenAPI document, but the gateway sends it to gateway/auth,
 * which alone can sign. Who comes past the gateway is told so.
 */
import { problem } from '@glimmr/lib/errors'
import type { Server } from '@glimmr/lib/server'
import { tokenRoute } from '@glimmr/lib/token-route'

export function routeDescribeTokens(app: Server): void {
  app.post('/v1/core/tokens', { schema: tokenRoute, config: { public: true } }, async () => {
    throw problem(404, 'Tokens are made by the gateway')
  })
}
