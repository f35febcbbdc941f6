/** Who answers GraphQL: the embedded engine over the metadata folder, or a real Hasura behind this front. */

import { createEngine, type Engine } from '@glimmr/engine/engine'
import { createPool } from '@glimmr/lib/db'
import { createHasuraClient } from './hasura-client.ts'

export type GraphqlRequest = {
  body: unknown
  /** Of the verified token. */
  role: string
  variables: Record<string, string>
  /** For a real Hasura, which verifies it once more. */
  authorization: string
  signal: AbortSignal
}

export type GraphqlAnswer = {
  status: number
  /** JSON text. */
  body: string
  operation?: { name: string | undefined; type: string }
}

export type Answerer = {
  answer(request: GraphqlRequest): Promise<GraphqlAnswer>
  /** The embedded one, for subscriptions. */
  engine?: Engine
  close(): Promise<void>
}

export type AnswererOptions = {
  databaseUrl: string
  metadataDir?: string
  hasuraUrl?: string
  onError(error: Error): void
}

export async function createAnswerer(options: AnswererOptions): Promise<Answerer> {
  const { databaseUrl, metadataDir, hasuraUrl, onError } = options
  if (hasuraUrl !== undefined) return createHasuraClient(hasuraUrl)
  if (metadataDir === undefined) throw new Error('GraphQL needs a metadata folder, or the URL of a Hasura')
  // A pool of its own: costly queries must not keep links from redirecting.
  const pool = createPool({ url: databaseUrl, name: 'glimmr_graphql', max: 10, onError })
  const engine = await createEngine({ metadataDir, pools: { default: pool } }).catch(async error => {
    await pool.end()
    throw error
  })
  return {
    engine,
    answer: ({ body, role, variables, signal }) =>
      engine.graphql({ body, session: { role, vars: variables }, signal }),
    close: async () => {
      await engine.close()
      await pool.end()
    },
  }
}
