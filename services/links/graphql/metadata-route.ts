/** GET /v1/links/metadata: what GraphQL is made of, and what of it cannot be served. Nothing here changes it. */
import type { Engine } from '@glimmr/engine/engine'
import type { Inconsistency } from '@glimmr/engine/metadata-types'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { z } from 'zod'
import { notRun } from './not-run.ts'
import { shownMetadata } from './shown-metadata.ts'

const inconsistency = z.object({ type: z.string(), name: z.string(), reason: z.string() })
const schema = {
  operationId: 'getMetadata',
  summary: 'Metadata of GraphQL, and what is inconsistent in it',
  description:
    'As Hasura exports it (v3), without the addresses of databases; 404 where a real Hasura answers in the place of the embedded engine.',
  tags: ['graphql'],
  response: {
    200: z
      .object({
        is_consistent: z.boolean(),
        inconsistent_objects: z.array(inconsistency),
        metadata: z.record(z.string(), z.unknown()),
      })
      .describe('The metadata in force'),
    ...problems(404),
  },
}

export function routeMetadata(app: Server, engine: Engine | undefined): void {
  app.get('/v1/links/metadata', { schema, config: { scope: 'admin' } }, async () => {
    if (!engine) throw problem(404, 'The metadata is that of the Hasura behind this service: ask it')
    const objects = inconsistentObjects(engine)
    return {
      is_consistent: objects.length === 0,
      inconsistent_objects: objects.map(({ type, name, reason }) => ({ type, name, reason })),
      metadata: shownMetadata(engine.metadata()),
    }
  })
}

/** What the engine cannot serve, and what this service does not run. */
export function inconsistentObjects(engine: Engine): Inconsistency[] {
  return [...engine.inconsistencies(), ...notRun(engine.metadata())]
}
