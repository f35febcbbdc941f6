// @glimmr/core reads what is written here: the two must mean the same bits.
import { priceKeys } from '@glimmr/core/prices/search-sql'
import { createTestDatabase } from '@glimmr/dev/testing'
import { execute, one, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { anItem, type Cells, csv, json, line, wideHeaders } from '../test-files.ts'
import { published } from '../test-load.ts'
import { addPlans } from './file-plans.ts'
import { createPayers } from './payers.ts'
import { Rows } from './rows.ts'

/** Which of 100 items a payer prices: all, every ninth, only the first, only the last, the middle. */
const pricing: Record<string, (item: number) => boolean> = {
  Everywhere: () => true,
  Ninth: item => item % 9 === 8,
  First: item => item === 0,
  Last: item => item === 99,
  Middle: item => item > 40 && item < 60,
}
const payers = Object.keys(pricing)
const priced = (item: number) => payers.filter(payer => pricing[payer]?.(item))

/** Between the items stand modifier rows, which take no number. */
function tall(): string {
  const modifier: Cells = {
    description: 'Bilateral',
    modifiers: '50',
    payer_name: 'Everywhere',
    plan_name: 'P',
  }
  const items = Array.from({ length: 100 }, (_, at) =>
    priced(at).map(payer => ({
      ...anItem,
      description: `Item ${at}`,
      payer_name: payer,
      plan_name: at % 2 === 0 ? 'P' : 'Q',
    })),
  )
  return csv(
    items.flatMap((rows, at) =>
      at % 10 === 0
        ? [{ ...modifier, 'standard_charge|negotiated_percentage': '50', setting: 'both' }, ...rows]
        : rows,
    ),
  )
}

function wide(): string {
  const headers = wideHeaders(payers.map(payer => `${payer}|P`))
  const { payer_name: _payer, plan_name: _plan, ...item } = anItem
  const rows = Array.from({ length: 100 }, (_, at) =>
    line(headers, {
      ...item,
      description: `Item ${at}`,
      ...Object.fromEntries(
        priced(at).flatMap(payer => [
          [`standard_charge|${payer}|P|negotiated_dollar`, '12.50'],
          [`standard_charge|${payer}|P|methodology`, 'fee schedule'],
        ]),
      ),
    }),
  )
  return csv(rows, { headers })
}

function asJson(): string {
  const items = Array.from({ length: 100 }, (_, at) => ({
    description: `Item ${at}`,
    code_information: [{ code: '70551', type: 'CPT' }],
    standard_charges: ['inpatient', 'outpatient'].map(setting => ({
      setting,
      gross_charge: 1200,
      payers_information: priced(at).map(payer_name => ({
        payer_name,
        plan_name: 'P',
        methodology: 'fee schedule',
        standard_charge_dollar: 12.5,
      })),
    })),
  }))
  return json(items)
}

for (const [layout, text] of Object.entries({ tall: tall(), wide: wide(), JSON: asJson() }))
  t.test(`${layout}: a search by payer or plan finds what a join over everything finds`, async t => {
    const db = await createTestDatabase(t)
    await published(db, text)
    const known = await select<{ payer_id: number; plan_id: number; length: number; set: number }>(
      db.pool,
      sql`select payer_id, plan_id, length(item_groups) as length, bit_count(item_groups)::int as set from prices.file_plans`,
    )
    t.ok(known.length >= payers.length)
    t.ok(known.every(plan => plan.length === 13 && plan.set >= 1))
    t.ok(
      known.some(plan => plan.set === 1),
      'a payer of one item is looked for in one group',
    )
    for (const filter of [
      ...known.map(plan => ({ payers: { ids: [plan.payer_id] }, plans: null })),
      ...known.map(plan => ({ payers: null, plans: { ids: [plan.plan_id] } })),
      { payers: { ids: known.map(plan => plan.payer_id) }, plans: null },
    ]) {
      const slow = await select<{ rate_id: string }>(
        db.pool,
        sql`
        select r.id::text as rate_id from prices.rates r
        join prices.charges c on c.id = r.charge_id
        join prices.item_codes ic on ic.item_id = c.item_id and ic.code = '70551'
        where r.payer_id = any(${filter.payers?.ids ?? known.map(plan => plan.payer_id)}::int[])
          and r.plan_id = any(${filter.plans?.ids ?? known.map(plan => plan.plan_id)}::int[])
        order by r.id`,
      )
      const found = await select<{ rate_id: string }>(
        db.pool,
        sql`select k.rate_id::text from (${priceKeys({ ...search, ...filter })}) k order by k.rate_id`,
      )
      t.ok(slow.length > 0)
      t.same(found, slow)
    }
  })

const search = {
  code: '70551',
  codeTypes: ['CPT'],
  match: {},
  hospitalId: undefined,
  setting: undefined,
  billingClass: undefined,
  asOf: undefined,
  after: undefined,
  limit: 10_000,
}

t.test(
  'more plans and items than are worth keeping are written without, in statements of bounded size',
  async t => {
    const db = await createTestDatabase(t)
    const fileId = await published(db, csv([anItem]))
    await execute(db.pool, sql`delete from prices.file_plans`)
    const rows = {
      groups: new Rows(fileId).groups,
      payers: createPayers(),
      counts: { ...new Rows(1).counts, items: 80 },
    }
    for (let at = 0; at < 25; at++) {
      const pair = rows.payers.named(`Payer ${at}`, null)
      pair.rates = 1
      rows.groups.mark(pair.index, at + 1)
    }
    await rows.payers.resolve(db.pool)
    const written = () =>
      one(
        db.pool,
        sql`select count(*)::int as plans, count(item_groups)::int as known from prices.file_plans`,
      )
    await addPlans(db.pool, fileId, rows, { bits: 249, statementBits: 40, statementPlans: 10 })
    t.same(await written(), { plans: 25, known: 0 })
    await execute(db.pool, sql`delete from prices.file_plans`)
    await addPlans(db.pool, fileId, rows, { bits: 250, statementBits: 40, statementPlans: 10 })
    t.same(await written(), { plans: 25, known: 25 })
  },
)
