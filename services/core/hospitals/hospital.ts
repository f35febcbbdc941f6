/** A hospital as the API shows it, with its current file. */
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

const count = z.number().int()

export const hospitalSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    state: z.string().nullable(),
    npis: z.array(z.string()).describe('Type 2 NPIs'),
    licences: z.array(z.string()).describe('State and number'),
    addresses: z.array(z.string()),
    own: z.boolean().describe("Of the caller's organisation"),
    current_file: z
      .object({
        id: z.number().int(),
        filename: z.string(),
        last_updated_on: z.iso.date().nullable(),
        published_at: z.iso.datetime({ offset: true }),
        items_count: count,
        charges_count: count,
        rates_count: count,
      })
      .nullable()
      .describe('The file whose prices are published; null before the first'),
  })
  .meta({ id: 'Hospital' })

/** Hospitals with published prices are for everyone; others only for the organisation that made them. */
export function hospitals(organisation: string, where: Sql): Sql {
  return sql`
    select h.id, lower(h.name) as name_key, row_to_json(shown)::text as json
    from core.hospitals h
    left join prices.files f on f.hospital_id = h.id and f.status = 'published'
    cross join lateral (
      select h.id, h.name, h.state, h.npis, h.licences, h.addresses, h.organisation_id = ${organisation} as own,
        case when f.id is not null then json_build_object(
          'id', f.id, 'filename', f.filename, 'last_updated_on', f.last_updated_on, 'published_at', f.published_at,
          'items_count', f.items_count, 'charges_count', f.charges_count, 'rates_count', f.rates_count
        ) end as current_file
    ) shown
    where (f.id is not null or h.organisation_id = ${organisation}) and ${where}`
}

export type HospitalRow = { id: string; name_key: string; json: string }
