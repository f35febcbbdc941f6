/** GET /l/{slug}: one indexed read, a click into the buffer, and away. */
import rateLimit from '@fastify/rate-limit'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { publicProblems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { ClickBuffer } from '../clicks/click-buffer.ts'
import type { AddressOf } from '../clicks/client-address.ts'
import { createVisitorHash, isClick } from '../clicks/visitors.ts'
import { slugForm } from './slug.ts'

export type RedirectOptions = {
  pool: Pool
  clicks: ClickBuffer
  addressOf: AddressOf
  /** For one address (IPv6: one /64). */
  perMinute: number
  now: () => Date
}

export async function routeRedirect(app: Server, options: RedirectOptions): Promise<void> {
  const { pool, clicks, addressOf, perMinute, now } = options
  await app.register(rateLimit, { global: false })
  const visitorAt = createVisitorHash()
  const schema = {
    operationId: 'followLink',
    summary: 'Follow a short link',
    description:
      'Prefetches, HEAD and programs that look at every link they are shown are sent on without being counted.',
    tags: ['links'],
    security: [],
    params: z.object({ slug: z.string().max(200) }),
    response: { 302: z.null().describe('Location says where'), ...publicProblems(404, 410, 429) },
  }
  const limit = {
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: addressOf,
    errorResponseBuilder: () =>
      problem(429, 'Too many links were followed from this address: try again in a minute'),
  }
  app.get('/l/:slug', { schema, config: { public: true, rateLimit: limit } }, async (request, reply) => {
    const { slug } = request.params
    // Also for 404 and 410: the slug may be made, or made anew, a second later.
    reply.header('cache-control', 'private, no-store').header('referrer-policy', 'no-referrer')
    const link = slugForm.test(slug) ? await findLink(pool, slug) : undefined
    if (!link) throw problem(404, `There is no link ${slug}`)
    const at = now()
    if (link.expires_at && link.expires_at <= at) throw problem(410, `The link ${slug} has expired`)
    if (isClick(request.method, request.headers))
      await clicks.add({
        link_id: link.id,
        ...visitorAt(addressOf(request), String(request.headers['user-agent'] ?? ''), at),
      })
    return reply.redirect(link.target, 302)
  })
}

type Link = { id: string; target: string; expires_at: Date | null }

async function findLink(pool: Pool, slug: string): Promise<Link | undefined> {
  const [link] = await preparedRows<Link>(
    pool,
    sql`select id, target, expires_at from links.links where slug = ${slug}`,
  )
  return link
}
