/** /v1/core/canonical-payers: who the payers are, whatever hospitals call them. */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, one, type Pool, preparedRows, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { payerClasses } from '@glimmr/lib/price-query'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { containing } from '../containing.ts'
import { lockRules, rematch, unclear } from './payer-rule.ts'

const canonicalSchema = z
  .object({
    slug: z.string(),
    name: z.string(),
    default_class: z
      .enum(payerClasses)
      .nullable()
      .describe('Of its plans that no word gives a class; null: nothing is assumed'),
    aliases: z.array(z.string()).describe('What its rules look for'),
    plans: z.number().int().describe('Published plans that are known as its own'),
  })
  .meta({ id: 'CanonicalPayer' })

const slugParams = z.object({
  slug: z
    .string()
    .max(60)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is not lower-case words with dashes between')
    .refine(slug => slug !== unclear, 'is what rules say of a phrase that tells nothing'),
})

const position = z.tuple([cursorPart.text])

export function routeListCanonicalPayers(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listCanonicalPayers',
    summary: 'Canonical payers',
    tags: ['payers'],
    querystring: z.strictObject({
      name: textField(200).optional().describe('A part of the name, in any case'),
      ...pageParameters,
    }),
    response: { 200: pageOf('canonical_payers', canonicalSchema), ...problems(400) },
  }
  app.get('/v1/core/canonical-payers', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'canonical_payers', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = [sql`true`]
    if (filters.name !== undefined) conditions.push(sql`lower(c.name) like ${containing(filters.name)}`)
    if (after) conditions.push(sql`c.slug > ${after[0]}`)
    const rows = await preparedRows<{ slug: string; json: string }>(
      pool,
      sql`
        select c.slug, json_build_object('slug', c.slug, 'name', c.name, 'default_class', c.default_class,
          'aliases', array(select r.phrase from core.payer_rules r where r.kind = 'payer' and r.target = c.slug order by 1),
          'plans', (select count(*) from core.plan_matches m where m.canonical_payer = c.slug))::text as json
        from core.canonical_payers c where ${join(conditions, ' and ')} order by c.slug limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.slug] })
  })
}

export function routePutCanonicalPayer(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'putCanonicalPayer',
    summary: 'Make or change a canonical payer',
    description: 'Its names are taught by POST /v1/core/payer-rules.',
    tags: ['payers'],
    params: slugParams,
    body: z.strictObject({
      name: textField(200),
      default_class: z.enum(payerClasses).nullable().default(null),
    }),
    response: {
      200: z.object({ slug: z.string(), plans_changed: z.number().int() }).describe('Made or changed'),
      ...problems(400, 409),
    },
  }
  app.put(
    '/v1/core/canonical-payers/:slug',
    { schema, config: { scope: 'organisations' } },
    async request => {
      const { slug } = request.params
      const { name, default_class } = request.body
      return transaction(pool, async client => {
        await lockRules(client)
        const { subject, organisation } = identityOf(request)
        const taken = await maybeOne(
          client,
          sql`select from core.canonical_payers where name = ${name} and slug <> ${slug}`,
        )
        if (taken) throw problem(409, `Another canonical payer is called ${name}`)
        await one(
          client,
          sql`
          insert into core.canonical_payers (slug, name, default_class, created_by)
          values (${slug}, ${name}, ${default_class}, ${subject})
          on conflict (slug) do update set name = excluded.name, default_class = excluded.default_class
          returning slug`,
        )
        const detail = { name, default_class }
        await recordChange(client, request, {
          organisation,
          action: 'canonical_payer.changed',
          target: slug,
          detail,
        })
        const own = sql`select m.plan_id from core.plan_matches m where m.canonical_payer = ${slug}`
        return { slug, plans_changed: await rematch(client, own) }
      })
    },
  )
}

export function routeDeleteCanonicalPayer(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'deleteCanonicalPayer',
    summary: 'Forget a canonical payer and its rules',
    description: 'Its plans keep their published names and go to the next best rule.',
    tags: ['payers'],
    params: slugParams,
    response: {
      200: z.object({ plans_changed: z.number().int() }).describe('Forgotten'),
      ...problems(400, 404),
    },
  }
  app.delete(
    '/v1/core/canonical-payers/:slug',
    { schema, config: { scope: 'organisations' } },
    async request => {
      const { slug } = request.params
      return transaction(pool, async client => {
        await lockRules(client)
        const gone = await maybeOne(
          client,
          sql`delete from core.canonical_payers where slug = ${slug} returning slug`,
        )
        if (!gone) throw problem(404, `There is no canonical payer ${slug}`)
        await client.query("delete from core.payer_rules where kind = 'payer' and target = $1", [slug])
        const { organisation } = identityOf(request)
        await recordChange(client, request, { organisation, action: 'canonical_payer.deleted', target: slug })
        const own = sql`select m.plan_id from core.plan_matches m where m.canonical_payer = ${slug}`
        return { plans_changed: await rematch(client, own) }
      })
    },
  )
}
