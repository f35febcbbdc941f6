/** An organisation as operators see it. */
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

const time = z.iso.datetime({ offset: true })

export const organisationSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    created_at: time,
    suspended_at: time.nullable().describe('Since then none of its keys is good'),
  })
  .meta({ id: 'Organisation' })

export type Organisation = z.infer<typeof organisationSchema>

/** Of a row of core.organisations. */
export const organisationColumns: Sql = sql`id, name, to_json(created_at) as created_at,
  to_json(suspended_at) as suspended_at`
