/** A new file beside the one whose place it takes: what whoever uploaded it should look at. */
import { maybeOne, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { ReadResult } from '../read/read-file.ts'
import type { Findings } from '../rules/findings.ts'
import type { Rows } from './rows.ts'

/** Prices are added and left out from year to year; a file that lost more than a fifth of them was perhaps cut. */
const enough = 0.8

type Current = { date: string | null; prices: number }

/** Hospitals correct old files too, so the last one published counts, whatever it holds. */
export async function addNotices(
  db: Queryable,
  hospitalId: string,
  { general: { lastUpdatedOn } }: ReadResult,
  { counts }: Pick<Rows, 'counts'>,
  findings: Findings,
): Promise<void> {
  const current = await maybeOne<Current>(
    db,
    sql`
    select last_updated_on::text as date, (charges_count + rates_count)::float8 as prices from prices.files
    where hospital_id = ${hospitalId} and status = 'published'`,
  )
  if (!current) return
  if (lastUpdatedOn && current.date && lastUpdatedOn < current.date) {
    const fill = { date: lastUpdatedOn, current: current.date }
    findings.add('olderFiling', { columnName: 'last_updated_on', value: lastUpdatedOn, fill })
  }
  const prices = counts.charges + counts.rates
  if (prices < current.prices * enough)
    findings.add('fewerPrices', { fill: { prices, current: current.prices } })
}
