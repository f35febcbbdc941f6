import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import t from 'tap'
import { build } from '../server.ts'

t.test(
  'walking by cursor gives each of thousands of prices exactly once, in order, whatever the page',
  async t => {
    const { db, call } = await createTestService(t, { build, role: 'glimmr_core' })
    const organisation = await seedOrganisation(db.pool, 'Own')
    const search = async (query: string) => {
      const answer = await call(`/v1/core/prices?${query}`, { organisation })
      return answer.json<{ prices: { id: string }[]; next_cursor: string | null }>()
    }
    const payers = Array.from({ length: 7 }, (_, n) => ({
      payer: `Payer ${n}`,
      plan: n % 2 ? 'A' : null,
      dollar: '1',
    }))
    const items = (count: number): SeedItem[] =>
      Array.from({ length: count }, (_, n) => ({
        codes: n % 3 === 2 ? [['OTHER', 'CDM']] : [['J1100', 'HCPCS']],
        charges: [
          { setting: 'outpatient', rates: payers.slice(0, n % 8) },
          { setting: 'inpatient', gross: '1' },
          { setting: 'both', rates: payers },
        ],
      }))
    for (const size of [200, 1, 150])
      await seedFile(db.pool, { organisation, hospital: `H${size}`, items: items(size) })
    await seedFile(db.pool, { organisation, hospital: 'unknown groups', items: items(40), itemGroups: false })
    const walk = async (query: string) => {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await search(query + (cursor && `&cursor=${cursor}`))
        seen.push(...page.prices.map(price => price.id))
        cursor = page.next_cursor
      }
      return seen
    }
    const { rows } = await db.pool.query<{ id: string; payer: string | null; setting: string }>(
      `select c.id || '-' || coalesce(r.id, 0) as id, p.name as payer, c.setting from prices.charges c
     join prices.item_codes ic on ic.item_id = c.item_id and ic.code = 'J1100'
     left join prices.rates r on r.charge_id = c.id left join prices.payers p on p.id = r.payer_id
     order by c.item_id, c.id, r.id`,
    )
    const expected = (holds: (row: { payer: string | null; setting: string }) => boolean) =>
      rows.filter(holds).map(row => row.id)
    t.ok(rows.length > 2_900)
    t.same(
      await walk('code=j1100&limit=500'),
      expected(() => true),
    )
    t.same(
      await walk('code=J1100&limit=47'),
      expected(() => true),
    )
    t.same(
      await walk('code=J1100&limit=13&payer=payer%203'),
      expected(row => row.payer === 'Payer 3'),
    )
    t.same(
      await walk('code=J1100&limit=31&setting=inpatient'),
      expected(row => row.setting !== 'outpatient'),
    )
    t.same((await walk('code=J1100&limit=1&hospital_id=00000000-0000-4000-8000-000000000000')).length, 0)
  },
)
