import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { execute } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t, { type Test } from 'tap'
import { build } from '../server.ts'

type Page = {
  prices: { id: string; negotiated_dollar: number; file: { id: number; published_at: string } }[]
  next_cursor: string | null
}

/** Hospital H published A and then B, hospital G its only file between the two: three prices each. */
async function core(t: Test) {
  const { db, call } = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(db.pool, 'Own')
  const seed = (prices: string[], hospital_id?: string) =>
    seedFile(db.pool, {
      organisation,
      ...(hospital_id && { hospital_id }),
      items: prices.map(
        (dollar): SeedItem => ({
          codes: [['70551', 'CPT']],
          charges: [{ rates: [{ payer: 'Acme', dollar }] }],
        }),
      ),
    })
  const a = await seed(['1', '2', '3'])
  const g = await seed(['11', '12', '13'])
  const b = await seed(['21', '22', '23'], a.hospital_id)
  /** As the pipeline does it when the bytes of a superseded file come again. */
  const republish = async (file: number, hospital: string) => {
    await execute(
      db.pool,
      sql`update prices.files set status = 'superseded', superseded_at = now() where hospital_id = ${hospital} and status = 'published'`,
    )
    await execute(
      db.pool,
      sql`update prices.files set status = 'published', published_at = now(), superseded_at = null where id = ${file}`,
    )
  }
  const page = async (query: string, cursor: string | null = null): Promise<Page> =>
    (
      await call(`/v1/core/prices?code=70551&${query}${cursor ? `&cursor=${cursor}` : ''}`, { organisation })
    ).json()
  /** The dollars of all pages from here on. */
  const rest = async (query: string, from: Page): Promise<number[]> => {
    const dollars = from.prices.map(price => price.negotiated_dollar)
    if (from.next_cursor === null) return dollars
    return [...dollars, ...(await rest(query, await page(query, from.next_cursor)))]
  }
  return {
    db,
    seed,
    page,
    rest,
    republish,
    hospital: a.hospital_id,
    other: g.hospital_id,
    a: a.file_id,
    b: b.file_id,
  }
}

for (const query of ['limit=4', 'limit=4&payer=acme', 'limit=4&as_of=9999-12-31', 'limit=1'])
  t.test(`${query}: a file that becomes current again during a walk changes nothing in it`, async t => {
    const { page, rest, republish, hospital, a } = await core(t)
    const first = await page(query)
    await republish(a, hospital)
    t.same(await rest(query, first), [11, 12, 13, 21, 22, 23])
    t.same(await rest(query, await page(query)), [1, 2, 3, 11, 12, 13], 'a new walk has the new prices')
  })

t.test('a walk goes on through the files it began with, however often hospitals publish', async t => {
  const { page, rest, republish, seed, hospital, other, a, b } = await core(t)
  await republish(a, hospital)
  const first = await page('limit=1')
  t.match(first.prices, [{ negotiated_dollar: 1, file: { id: a } }])
  await seed(['31'], other)
  await republish(b, hospital)
  await seed(['41'])
  await republish(a, hospital)
  t.same(await rest('limit=1', first), [1, 2, 3, 11, 12, 13])
  t.same(await rest('limit=1', await page('limit=1')), [1, 2, 3, 31, 41])
})

t.test('a walk through one hospital heeds only what was published for it', async t => {
  const { page, rest, republish, seed, hospital, other, a } = await core(t)
  const query = `limit=1&hospital_id=${hospital}`
  const first = await page(query)
  await seed(['31'], other)
  t.same(await rest(query, first), [21, 22, 23])
  await republish(a, hospital)
  t.same(await rest(query, first), [21, 22, 23])
})

t.test('the prices of a walk say when the publication began that it goes through', async t => {
  const { page, republish, hospital, a, b } = await core(t)
  await republish(a, hospital)
  const [before] = (await page('limit=1')).prices
  const first = await page('limit=1')
  await republish(b, hospital)
  await republish(a, hospital)
  const [second] = (await page('limit=1', first.next_cursor)).prices
  t.match(second?.file, { id: a, published_at: before?.file.published_at })
  t.not((await page('limit=1')).prices[0]?.file.published_at, before?.file.published_at)
})
