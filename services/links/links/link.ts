/** A short link as the API shows it. */
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export const linkSchema = z
  .object({
    id: z.number().int(),
    slug: z.string(),
    short_url: z.url(),
    kind: z.enum(['price', 'file', 'url']),
    target: z.string().describe('Where it leads: a path of this API, or a URL'),
    title: z.string().nullable(),
    created_by: z.string(),
    created_at: z.iso.datetime({ offset: true }),
    expires_at: z.iso.datetime({ offset: true }).nullable(),
    clicks: z.number().int().describe('Within some seconds; by day over GraphQL'),
  })
  .meta({ id: 'Link' })

export type LinkRow = { id: string; json: string }

/** The links `l` that hold `where`. */
export function links(publicUrl: string, where: Sql): Sql {
  return sql`
    select l.id, row_to_json(shown)::text as json
    from links.links l cross join lateral (
      select l.id, l.slug, ${`${publicUrl.replace(/\/$/, '')}/l/`} || l.slug as short_url, l.kind, l.target, l.title,
        l.created_by, l.created_at, l.expires_at,
        (select coalesce(sum(c.clicks), 0) from links.link_clicks c where c.link_id = l.id) as clicks
    ) shown
    where ${where}`
}
