/** POST /v1/core/tokens as its document says it: served by gateway/auth, described with core's routes. */
import { z } from 'zod'
import { publicProblems } from './problem-schema.ts'

export const tokenRoute = {
  operationId: 'createToken',
  summary: 'An API key for a token of 15 minutes',
  description:
    'For who should not hold the key itself. The token ends with its key; a token buys no other token. Verify it with the keys at /.well-known/jwks.json: iss and aud are "glimmr".',
  tags: ['api keys'],
  body: z
    .strictObject({
      scopes: z
        .array(z.string().max(100))
        .max(50)
        .optional()
        .describe('Fewer than the key has; all of them if left out'),
    })
    .nullish(),
  response: {
    200: z
      .object({
        access_token: z.string(),
        token_type: z.literal('Bearer'),
        expires_in: z.int().describe('Seconds'),
        scope: z.string(),
      })
      .describe('The token'),
    ...publicProblems(400, 401, 403, 503),
  },
}
