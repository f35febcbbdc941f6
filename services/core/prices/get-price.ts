/** GET /v1/core/prices/{id}: one price again, from a list or a link. */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { dayField, problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { publicationOn } from '../history/as-of.ts'
import { priceSchema, pricesAt } from './price.ts'
import { parsePriceId, priceIdParams } from './price-id.ts'
import { isPrice, rateOf } from './rate.ts'

export function routeGetPrice(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getPrice',
    summary: 'One price',
    description: 'As long as its file is the current one of its hospital, or was on the day `as_of`.',
    tags: ['prices'],
    params: priceIdParams,
    querystring: z.strictObject({ as_of: dayField.optional() }),
    response: { 200: priceSchema.describe('The price'), ...problems(400, 404) },
  }
  app.get('/v1/core/prices/:id', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { charge, rate } = parsePriceId(request.params.id)
    const [price] = await preparedRows<{ json: string }>(
      pool,
      pricesAt(keyOf(charge, rate, request.query.as_of)),
    )
    if (!price) throw problem(404, `There is no price ${request.params.id} in a published file`)
    return sendJson(reply, price.json)
  })
}

function keyOf(charge: string, rate: string, asOf: string | undefined): Sql {
  const publication =
    asOf === undefined ? sql`select f.published_at where f.status = 'published'` : publicationOn(asOf)
  return sql`
    select c.file_id, c.item_id, c.id as charge_id, r.id as rate_id, p.published_at
    from prices.charges c
    join prices.files f on f.id = c.file_id
    cross join lateral (${publication}) p
    left join lateral (${rateOf(sql`c.id`, sql`${rate}::bigint`)}) r on true
    where c.id = ${charge}::bigint and ${isPrice(sql`c.id`, sql`r.id`, rate)}`
}
