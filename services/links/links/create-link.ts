/** POST /v1/links/links */
import { createHash } from 'node:crypto'
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, type Pool, rows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { problems, textField, timeField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { type LinkRow, linkSchema, links } from './link.ts'
import { randomSlug, slugForm } from './slug.ts'
import { fileTarget, priceQuery, priceTarget, urlTarget } from './targets.ts'

const shared = {
  slug: z
    .string()
    .regex(slugForm, 'is not 4 to 64 letters, digits, - and _')
    .optional()
    .describe('Wanted; random without'),
  title: textField(200).optional(),
  expires_at: timeField.optional().describe('From then on the link answers 410'),
}

const body = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('price'),
    query: priceQuery.describe('As for GET /v1/core/prices'),
    ...shared,
  }),
  z.strictObject({ kind: z.literal('file'), file_id: z.number().int().min(1).max(2_147_483_647), ...shared }),
  z.strictObject({ kind: z.literal('url'), url: z.string().max(2_000), ...shared }),
])
type Body = z.infer<typeof body>

const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'is not 1 to 200 printable characters')
    .optional()
    .describe('The same key and body again give the same link'),
})

export type CreateLinkOptions = { pool: Pool; publicUrl: string; linkHosts: string[]; now: () => Date }

/** Without an Idempotency-Key every request makes a link of its own: two campaigns may count the same target apart. */
export function routeCreateLink(app: Server, options: CreateLinkOptions): void {
  const { pool, publicUrl, now } = options
  const schema = {
    operationId: 'createLink',
    summary: 'Make a short link',
    description: 'To a search for prices, to a published file, or to a page of an allowed host.',
    tags: ['links'],
    headers: idempotencyHeader,
    body,
    response: {
      200: linkSchema.describe('The link that this Idempotency-Key made before'),
      201: linkSchema.describe('Made'),
      ...problems(400, 409, 422),
    },
  }
  app.post('/v1/links/links', { schema, config: { scope: 'links:write' } }, async (request, reply) => {
    const { organisation, subject } = identityOf(request)
    const { slug, expires_at } = request.body
    if (expires_at !== undefined && new Date(expires_at) <= now())
      throw problem(422, 'expires_at is in the past', {
        errors: [{ path: '/expires_at', message: 'is in the past' }],
      })
    const key = request.headers['idempotency-key']
    const hash = createHash('sha256').update(JSON.stringify(request.body)).digest()
    const owner = { organisation, subject, key, hash }
    const known = await madeBefore(pool, owner)
    const id =
      known ??
      (await insertLink(pool, { ...owner, ...request.body, target: await targetOf(request.body, options) }))
    // Lost to the same request made at the same time, or to the slug of another.
    const found = id ?? (await madeBefore(pool, owner))
    if (found === undefined)
      throw problem(409, `The slug ${slug} is taken`, { errors: [{ path: '/slug', message: 'is taken' }] })
    const [link] = await rows<LinkRow>(pool, links(publicUrl, sql`l.id = ${found}`))
    if (!link) throw problem(409, 'The link was deleted at the same time')
    reply.code(found === known ? 200 : 201)
    return sendJson(reply, link.json)
  })
}

async function targetOf(given: Body, options: CreateLinkOptions): Promise<string> {
  if (given.kind === 'price') return priceTarget(given.query)
  return given.kind === 'file' ? fileTarget(options.pool, given.file_id) : urlTarget(given.url, options)
}

type Owner = { organisation: string; subject: string; key: string | undefined; hash: Buffer }

async function madeBefore(
  pool: Pool,
  { organisation, subject, key, hash }: Owner,
): Promise<string | undefined> {
  if (key === undefined) return undefined
  const known = await maybeOne<{ id: string; idempotency_hash: Buffer }>(
    pool,
    sql`select id, idempotency_hash from links.links
      where organisation_id = ${organisation} and created_by = ${subject} and idempotency_key = ${key}`,
  )
  if (known && !known.idempotency_hash.equals(hash))
    throw problem(409, 'This Idempotency-Key was used for another link: use a new one')
  return known?.id
}

type NewLink = Owner & Pick<Body, 'kind' | 'slug' | 'title' | 'expires_at'> & { target: string }

/** undefined when the wanted slug is taken, or the same request was quicker. A random slug that is taken is drawn again. */
async function insertLink(pool: Pool, link: NewLink): Promise<string | undefined> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const made = await maybeOne<{ id: string }>(pool, inserted(link, link.slug ?? randomSlug()))
    if (made || link.slug !== undefined || (await madeBefore(pool, link))) return made?.id
  }
  throw new Error('five random slugs in a row were taken')
}

function inserted(
  { organisation, subject, key, hash, kind, target, title, expires_at }: NewLink,
  slug: string,
): Sql {
  return sql`
    insert into links.links (slug, organisation_id, created_by, kind, target, title, expires_at, idempotency_key, idempotency_hash)
    values (${slug}, ${organisation}, ${subject}, ${kind}, ${target}, ${title ?? null}, ${expires_at ?? null}, ${key ?? null},
      ${key === undefined ? null : hash})
    on conflict do nothing
    returning id`
}
