/** GET /v1/core/prices: what a service costs, wherever it is published. */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { priceFilters } from '@glimmr/lib/price-query'
import { problems } from '@glimmr/lib/problem-schema'
import { isTimeout } from '@glimmr/lib/problems'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { newestPublication } from '../history/current-files.ts'
import { findPayers, type Wanted } from './find-payers.ts'
import { type PriceKey, priceSchema, pricesAt } from './price.ts'
import { priceKeys } from './search-sql.ts'
import { searchedCode } from './searched-code.ts'

const query = z.strictObject({ ...priceFilters, ...pageParameters })

const id = z.string().regex(/^\d{1,16}$/)
/** The last price, and the newest publication that the first page saw. */
const position = z.tuple([id, id, id, id])

export function routeSearchPrices(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'searchPrices',
    summary: 'Prices of a code',
    description:
      'Published prices, each with its file, row and filing date, in the order of files and of their items and charges. Without a payer or plan, charges that no payer has a rate for are listed as well (gross and cash).',
    tags: ['prices'],
    querystring: query,
    response: { 200: pageOf('prices', priceSchema), ...problems(400, 503) },
  }
  app.get('/v1/core/prices', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'prices', filters }
    const after = decodeCursor(scope, position, cursor)
    const rows = await search(pool, filters, after, limit + 1)
    return sendPage(request, reply, {
      rows,
      limit,
      scope,
      positionOf: row => [row.item_id, row.charge_id, row.rate_id ?? '0', row.seen],
    })
  })
}

type Filters = Omit<z.infer<typeof query>, 'limit' | 'cursor'>

async function search(
  pool: Pool,
  filters: Filters,
  place: z.infer<typeof position> | undefined,
  limit: number,
): Promise<(PriceKey & { json: string; seen: string })[]> {
  const { code, code_type, hospital_id, setting, billing_class, as_of } = filters
  const { payer_class, canonical_payer, plan_type, modifiers } = filters
  const wanted = await findPayers(pool, filters)
  if (isNone(wanted.payers) || isNone(wanted.plans)) return []
  const seen = place?.[3]
  const keys = priceKeys({
    ...wanted,
    ...searchedCode(code, code_type),
    match: { payer_class, canonical_payer, plan_type },
    hospitalId: hospital_id,
    setting,
    billingClass: billing_class,
    modifiers: modifiers === undefined ? undefined : setOf(modifiers),
    asOf: as_of,
    seen,
    after: place && [place[0], place[1], place[2]],
    limit,
  })
  try {
    return await preparedRows(
      pool,
      sql`select p.*, ${seen === undefined ? newestPublication : sql`${seen}::text`} as seen from (${pricesAt(keys)}) p`,
    )
  } catch (cause) {
    if (!isTimeout(cause)) throw cause
    throw problem(
      503,
      'This search takes too long: narrow it with hospital_id, code_type, canonical_payer or a longer part of the name',
      {
        cause,
      },
    )
  }
}

function isNone(wanted: Wanted | null): boolean {
  return wanted !== null && 'ids' in wanted && wanted.ids.length === 0
}

function setOf(modifiers: string): string[] {
  return modifiers === 'NONE' ? [] : [...new Set(modifiers.split(','))].sort()
}
