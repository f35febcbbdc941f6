import { type SeedRate, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { execute } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { findPayers } from './find-payers.ts'

/** One hospital with prices of Aetna and Cigna; `brings` adds a file of another tenant that names 1,100 others. */
async function core(t: Test) {
  const { db, call } = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(db.pool, 'Own')
  const other = await seedOrganisation(db.pool, 'Other')
  const rates: SeedRate[] = [
    { payer: 'Aetna', plan: 'PPO', dollar: '1' },
    { payer: 'Aetna Better', plan: 'HMO', dollar: '2' },
    { payer: 'Cigna', plan: 'PPO', dollar: '3' },
  ]
  const codes: [string, string][] = [['70551', 'CPT']]
  await seedFile(db.pool, { organisation, items: [{ codes, charges: [{ rates }] }] })
  const brings = async (status: string) => {
    const { file_id } = await seedFile(db.pool, { organisation: other, hospital: 'Other', status })
    await execute(
      db.pool,
      sql`with y as (insert into prices.payers (name) select 'Aetna claim ' || n from generate_series(1, 1100) n returning id),
          l as (insert into prices.plans (payer_id, name) select id, 'PPO ' || id from y returning id, payer_id)
        insert into prices.file_plans (file_id, plan_id, payer_id, rates_count) select ${file_id}::int, id, payer_id, 1 from l`,
    )
  }
  const dollars = async (query: string): Promise<number[]> => {
    const answer = await call(`/v1/core/prices?code=70551&${query}`, { organisation })
    return answer
      .json()
      .prices.map(({ negotiated_dollar }: { negotiated_dollar: number }) => negotiated_dollar)
  }
  const plansOf = async (filter: Parameters<typeof findPayers>[1]) =>
    findPayers(db.poolFor('glimmr_core'), filter)
  return { db, brings, dollars, plansOf }
}

for (const status of ['rejected', 'loading', 'failed'])
  t.test(`names of a ${status} file are none that a search means`, async t => {
    const { brings, dollars, plansOf } = await core(t)
    await brings(status)
    t.match(await plansOf({ payer: 'aetna', plan: 'p' }), {
      payers: { ids: { length: 2 } },
      plans: { ids: { length: 1 } },
    })
    t.same(await plansOf({ payer: 'claim' }), { payers: { ids: [] }, plans: null })
    t.same(await dollars('payer=aetna'), [1, 2])
  })

t.test('a search by name has its answer, however many names a published file brings', async t => {
  const { brings, dollars, plansOf } = await core(t)
  await brings('published')
  t.same(await plansOf({ payer: 'Aetna', plan: 'PPO' }), {
    payers: { named: '%aetna%' },
    plans: { named: '%ppo%' },
  })
  t.same(await dollars('payer=aetna'), [1, 2])
  t.same(await dollars('plan=ppo'), [1, 3])
  t.same(await dollars('payer=aetna&plan=ppo'), [1])
  t.same(await dollars('payer=aetna&plan=hmo'), [2])
  t.same(await dollars('payer=cigna&plan=ppo'), [3], 'one by its id, the other by its name')
  t.same(await dollars('payer=aetna+claim'), [])
})

t.test(
  'names that were never published are looked at up to a bound, and mean the same beyond it',
  async t => {
    const { db, dollars, plansOf } = await core(t)
    await db.pool.query(
      "insert into prices.payers (name) select 'Aetna draft ' || n from generate_series(1, 5001) n",
    )
    t.match(await plansOf({ payer: 'aetna' }), { payers: { named: '%aetna%' } })
    t.same(await dollars('payer=aetna'), [1, 2])
  },
)

t.test('an id and a name must both hold', async t => {
  const { brings, dollars, plansOf } = await core(t)
  await brings('published')
  const aetna = await plansOf({ payer: 'aetna better' })
  const [payer_id] = aetna.payers && 'ids' in aetna.payers ? aetna.payers.ids : []
  t.same(await plansOf({ payer_id, payer: 'aetna' }), { payers: { ids: [payer_id] }, plans: null })
  t.same(await dollars(`payer_id=${payer_id}&payer=aetna`), [2])
  t.same(await dollars(`payer_id=${payer_id}&payer=cigna`), [])
  t.same(await dollars(`payer_id=${payer_id}&plan=hmo`), [2])
  t.same(await dollars(`payer_id=${payer_id}&plan=ppo`), [])
})
