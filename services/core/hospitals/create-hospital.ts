/** POST /v1/core/hospitals: the hospital an upload is for, found or made. */
import { identityOf } from '@glimmr/lib/auth'
import { one, type Pool, preparedRows, type Queryable, transaction } from '@glimmr/lib/db'
import { sendJson } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { type HospitalRow, hospitalSchema, hospitals } from './hospital.ts'

const body = z.strictObject({
  name: textField(500),
  state: z
    .string()
    .trim()
    .regex(/^[A-Za-z]{2}$/, 'is not two letters')
    .transform(state => state.toUpperCase())
    .optional(),
  npis: z
    .array(z.string().regex(/^\d{10}$/, 'is not ten digits'))
    .max(100)
    .default([]),
})

export function routeCreateHospital(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'createHospital',
    summary: 'Find or create a hospital of the own organisation',
    description:
      'Found by its name and state, unless its NPIs are others, or by its NPIs if they are all the same. NPIs and state that are new to a found hospital are added to it.',
    tags: ['hospitals'],
    body,
    response: {
      200: hospitalSchema.describe('Found'),
      201: hospitalSchema.describe('Created'),
      ...problems(400),
    },
  }
  app.post('/v1/core/hospitals', { schema, config: { scope: 'media:write' } }, async (request, reply) => {
    const { organisation } = identityOf(request)
    const { hospital, created } = await transaction(pool, async client => {
      const { id, created } = await join(client, organisation, request.body)
      const [hospital] = await preparedRows<HospitalRow>(client, hospitals(organisation, sql`h.id = ${id}`))
      return { hospital, created }
    })
    if (!hospital) throw new Error('a hospital that was just joined is not visible')
    reply.code(created ? 201 : 200)
    return sendJson(reply, hospital.json)
  })
}

/** core.join_hospital is what the pipeline calls too, so a name typed here and one printed in a file meet. */
async function join(client: Queryable, organisation: string, { name, state, npis }: z.infer<typeof body>) {
  const { id } = await one<{ id: string }>(
    client,
    sql`select core.join_hospital(${organisation}, ${name}, ${state ?? null}, ${npis}, '{}', '{}') as id`,
  )
  // Both are the start of a transaction: of the one that made the row, and of this one.
  return one<{ id: string; created: boolean }>(
    client,
    sql`select id, created_at = now() as created from core.hospitals where id = ${id}`,
  )
}
