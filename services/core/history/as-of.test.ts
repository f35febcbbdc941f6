import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { fileSchema } from '../files/file.ts'
import { build } from '../server.ts'

/** One hospital that published A in January, B in March and A again in May, each at ten in the evening UTC. */
async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const { pool } = service.db
  const organisation = await seedOrganisation(pool, 'Own')
  const reader = { organisation: await seedOrganisation(pool, 'Reader') }
  const items = (dollar: string) => [
    { codes: [['70551', 'CPT'] as [string, string]], charges: [{ rates: [{ payer: 'Acme', dollar }] }] },
  ]
  const { hospital_id, file_id: a } = await seedFile(pool, { organisation, items: items('1') })
  const { file_id: b } = await seedFile(pool, { organisation, hospital_id, items: items('2') })
  await pool.query(`update prices.files set status = 'superseded', superseded_at = now() where id = $1`, [b])
  await pool.query(
    `update prices.files set status = 'published', published_at = now(), superseded_at = null where id = $1`,
    [a],
  )
  const times = ['2026-01-10 22:00+00', '2026-03-10 22:00+00', '2026-05-10 22:00+00', null]
  for (const n of [0, 1, 2])
    await pool.query(
      `update prices.publications set published_at = $2, superseded_at = $3 where id = (select id from prices.publications order by id limit 1 offset $1)`,
      [n, times[n], times[n + 1]],
    )
  const get = async (url: string) => (await service.call(url, reader)).json()
  const dollars = async (day: string): Promise<number[]> =>
    (await get(`/v1/core/prices?code=70551&as_of=${day}`)).prices.map(
      (price: { negotiated_dollar: number }) => price.negotiated_dollar,
    )
  return { ...service, reader, hospital_id, a, b, get, dollars }
}

t.test('a search as of a day finds the prices that were current at its end', async t => {
  const { dollars, get } = await core(t)
  t.same(await dollars('2026-01-09'), [])
  t.same(await dollars('2026-01-10'), [1], 'the day of the publication counts')
  t.same(await dollars('2026-03-09'), [1])
  t.same(await dollars('2026-03-10'), [2])
  t.same(await dollars('2026-05-10'), [1], 'the first file is current again')
  t.same(await dollars('9999-12-31'), [1])
  t.same((await get('/v1/core/prices?code=70551')).prices.length, 1)
  t.equal((await get('/v1/core/prices?code=70551&as_of=2026-02-30')).status, 400)
})

t.test('a superseded price is read again by its id and a day on which it was current', async t => {
  const { get, call, reader } = await core(t)
  const { prices } = await get('/v1/core/prices?code=70551&as_of=2026-04-01')
  const url = `/v1/core/prices/${prices[0].id}`
  t.equal((await call(url, reader)).statusCode, 404)
  t.same(await get(`${url}?as_of=2026-04-01`), prices[0])
  t.equal((await call(`${url}?as_of=2026-06-01`, reader)).statusCode, 404)
})

t.test('files are listed as of a day, and a file that was published stays readable', async t => {
  const { get, a, b } = await core(t)
  const ids = async (query: string) =>
    (await get(`/v1/core/files?${query}`)).files.map((file: { id: number }) => file.id)
  t.same(await ids(''), [a])
  t.same(await ids('as_of=2026-04-01'), [b])
  t.same(await ids('as_of=2026-01-01'), [])
  t.same(await ids('as_of=2026-04-01&status=published'), [])
  const page = await get('/v1/core/files?as_of=2026-04-01')
  t.doesNotThrow(() => pageOf('files', fileSchema).parse(page))
  t.match(await get(`/v1/core/files/${b}`), { id: b, status: 'superseded', same_prices_as: null })
})

t.test('what is shown as of a day has the dates of the publication that was in force', async t => {
  const { get } = await core(t)
  const datesOn = async (day: string) => {
    const { prices } = await get(`/v1/core/prices?code=70551&as_of=${day}`)
    const one = await get(`/v1/core/prices/${prices[0].id}?as_of=${day}`)
    const { files } = await get(`/v1/core/files?as_of=${day}`)
    t.same(one, prices[0])
    t.equal(files[0].published_at, prices[0].file.published_at)
    return [files[0].published_at, files[0].superseded_at]
  }
  t.match(await datesOn('2026-02-01'), [/^2026-01-10/, /^2026-03-10/])
  t.match(await datesOn('2026-04-01'), [/^2026-03-10/, /^2026-05-10/])
  t.match(await datesOn('2026-06-01'), [/^2026-05-10/, null])
})

t.test('the publications of a hospital say which file was current when', async t => {
  const { get, call, reader, hospital_id, a, b, db } = await core(t)
  await db.pool.query('update prices.files set same_prices_as = $1 where id = $2', [a, b])
  const url = `/v1/core/hospitals/${hospital_id}/publications`
  const { publications } = await get(url)
  t.match(publications, [
    { file_id: a, superseded_at: null },
    { file_id: b, same_prices_as: a, superseded_at: /^2026-05-10/ },
    { file_id: a, published_at: /^2026-01-10/, superseded_at: /^2026-03-10/ },
  ])
  const first = await get(`${url}?limit=2`)
  t.same(
    [...first.publications, ...(await get(`${url}?limit=2&cursor=${first.next_cursor}`)).publications],
    publications,
  )
  t.equal(
    (await call('/v1/core/hospitals/00000000-0000-4000-8000-000000000000/publications', reader)).statusCode,
    404,
  )
  t.equal((await call(url, { ...reader, scopes: [] })).statusCode, 403)
})
