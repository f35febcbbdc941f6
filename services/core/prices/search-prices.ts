/** GET /v1/core/prices: what a service costs, wherever it is published. */
import { canonicalCodeType, normalisedCode } from '@glimmr/lib/codes'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { priceFilters } from '@glimmr/lib/price-query'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { z } from 'zod'
import { findPayers } from './find-payers.ts'
import { type PriceKey, priceSchema, pricesAt } from './price.ts'
import { priceKeys } from './search-sql.ts'

const query = z.strictObject({ ...priceFilters, ...pageParameters })

const id = z.string().regex(/^\d{1,16}$/)
const position = z.tuple([id, id, id])

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
      positionOf: row => [row.item_id, row.charge_id, row.rate_id ?? '0'],
    })
  })
}

type Filters = Omit<z.infer<typeof query>, 'limit' | 'cursor'>

async function search(
  pool: Pool,
  filters: Filters,
  after: z.infer<typeof position> | undefined,
  limit: number,
): Promise<(PriceKey & { json: string })[]> {
  const { code, code_type, hospital_id, setting, billing_class, as_of } = filters
  const { payer_class, canonical_payer, plan_type, modifiers } = filters
  const ids = await findPayers(pool, filters)
  if (ids.payers?.length === 0 || ids.plans?.length === 0) return []
  const keys = priceKeys({
    ...ids,
    code: searchedCode(code, code_type),
    codeTypes: code_type === undefined ? undefined : labelsOf(code, code_type),
    match: { payer_class, canonical_payer, plan_type },
    hospitalId: hospital_id,
    setting,
    billingClass: billing_class,
    modifiers: modifiers === undefined ? undefined : setOf(modifiers),
    asOf: as_of,
    after,
    limit,
  })
  try {
    return await preparedRows(pool, pricesAt(keys))
  } catch (cause) {
    if (!isTimeout(cause)) throw cause
    throw problem(503, 'This search takes too long: narrow it with hospital_id, code_type or payer', {
      cause,
    })
  }
}

/** Without a type only an NDC can be told by its form; other codes are taken as they are. */
function searchedCode(code: string, type: string | undefined): string {
  return normalisedCode(code, type ?? (/^\d{4,5}-\d{3,4}-\d{1,2}$/.test(code) ? 'NDC' : ''))
}

function setOf(modifiers: string): string[] {
  return modifiers === 'NONE' ? [] : [...new Set(modifiers.split(','))].sort()
}

/** CPT codes are published as HCPCS and the other way round: where the form tells what it is, both labels count. */
export function labelsOf(code: string, type: string): string[] {
  const canonical = canonicalCodeType(code, type)
  const form = canonicalCodeType(code, canonical === 'CPT' ? 'HCPCS' : 'CPT')
  return canonical === form && (type === 'CPT' || type === 'HCPCS') ? ['CPT', 'HCPCS'] : [type]
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '57014'
}
