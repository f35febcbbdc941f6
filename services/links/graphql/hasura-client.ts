/** Forwards GraphQL to a real Hasura, with the caller's own token. */
import { problem } from '@glimmr/lib/errors'
import { currentTraceparent } from '@glimmr/lib/telemetry'
import { Pool } from 'undici'
import type { Answerer } from './answerer.ts'

const maxAnswerBytes = 64 * 1024 * 1024

export function createHasuraClient(url: string): Answerer {
  const { origin, pathname } = new URL(url)
  const path = `${pathname.replace(/\/$/, '')}/v1/graphql`
  const pool = new Pool(origin, { connections: 32, headersTimeout: 30_000, bodyTimeout: 30_000 })
  return {
    async answer({ body, role, authorization, signal }) {
      const traceparent = currentTraceparent()
      const answer = await pool
        .request({
          method: 'POST',
          path,
          headers: {
            authorization,
            'content-type': 'application/json',
            'x-hasura-role': role,
            ...(traceparent && { traceparent }),
          },
          body: JSON.stringify(body),
          signal,
        })
        .catch(cause => {
          throw problem(503, 'GraphQL cannot be reached; try again in a moment', {
            cause,
            headers: { 'retry-after': '5' },
          })
        })
      return { status: answer.statusCode, body: await boundedText(answer.body) }
    },
    close: () => pool.close(),
  }
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw problem(503, 'The answer is too large: ask for fewer rows')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
