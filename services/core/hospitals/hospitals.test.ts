import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { hospitalSchema } from './hospital.ts'

type Page = { hospitals: { id: string }[]; next_cursor: string | null }

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const own = {
    organisation: await seedOrganisation(service.db.pool, 'Own'),
    scopes: ['core:read', 'media:write'],
  }
  const other = { organisation: await seedOrganisation(service.db.pool, 'Other'), scopes: ['core:read'] }
  return { ...service, own, other }
}

const item = {
  codes: [['1', 'CPT'] as [string, string]],
  charges: [{ rates: [{ payer: 'A', dollar: '1' }] }],
}

t.test('hospitals with published prices are for everyone, the others for their own organisation', async t => {
  const { db, call, own, other } = await core(t)
  const { file_id, hospital_id } = await seedFile(db.pool, { ...own, hospital: 'Published', items: [item] })
  const draft = (await seedFile(db.pool, { ...own, hospital: 'Draft', status: 'loading' })).hospital_id
  const listed = await call('/v1/core/hospitals', own)
  t.doesNotThrow(() => pageOf('hospitals', hospitalSchema).parse(listed.json()))
  t.match(listed.json().hospitals, [
    { name: 'Draft', own: true, current_file: null },
    {
      id: hospital_id,
      own: true,
      current_file: {
        id: file_id,
        items_count: 1,
        charges_count: 1,
        rates_count: 1,
        last_updated_on: '2026-06-01',
      },
    },
  ])
  t.match((await call('/v1/core/hospitals', other)).json().hospitals, [{ id: hospital_id, own: false }])
  t.equal((await call('/v1/core/hospitals', other)).json().hospitals.length, 1)
  t.equal((await call(`/v1/core/hospitals/${hospital_id}`, other)).statusCode, 200)
  t.equal((await call(`/v1/core/hospitals/${draft}`, own)).statusCode, 200)
  t.equal((await call(`/v1/core/hospitals/${draft}`, other)).statusCode, 404)
  t.equal((await call('/v1/core/hospitals/1', own)).statusCode, 400)
})

t.test('they are found by a part of the name, by state and by NPI, and paged by name', async t => {
  const { db, call, own } = await core(t)
  await db.pool.query(
    `insert into core.hospitals (organisation_id, name, state, npis)
     select $1, case when n % 2 = 0 then 'SAINT ' else 'saint ' end || (n / 3), case when n % 5 = 0 then 'TX' else 'MA' end, array[(1000000000 + n)::text]
     from generate_series(1, 1003) n`,
    [own.organisation],
  )
  const count = async (query: string) =>
    (await call(`/v1/core/hospitals?limit=500&${query}`, own)).json().hospitals.length
  t.equal(await count('name=aint%2033'), 17, '33 and 330 to 334')
  t.equal(await count('name=%25'), 0)
  t.equal(await count('state=tx'), 200)
  t.equal(await count('npi=1000000007'), 1)
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = (await call(`/v1/core/hospitals?limit=97${cursor && `&cursor=${cursor}`}`, own)).json()
    seen.push(...page.hospitals.map(hospital => hospital.id))
    cursor = page.next_cursor
  }
  t.equal(seen.length, 1003)
  t.equal(new Set(seen).size, 1003, 'each once, though many share a name')
})

t.test('a hospital is made once, however often and however many at a time it is asked for', async t => {
  const { call, own, other } = await core(t)
  const make = (body: object, claims = own) => call('/v1/core/hospitals', claims, { method: 'POST', body })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => make({ name: 'River Valley', state: 'ma' })),
  )
  t.same(answers.map(answer => answer.statusCode).sort(), [200, 200, 200, 200, 200, 200, 200, 201])
  const ids = new Set(answers.map(answer => answer.json().id))
  t.equal(ids.size, 1)
  t.match(answers[0]?.json(), { name: 'River Valley', state: 'MA', own: true, current_file: null })
  const withNpi = (await make({ name: 'river valley', npis: ['1234567893'] })).json()
  t.match(withNpi, { id: [...ids][0], npis: ['1234567893'] })
  t.equal(
    (await make({ name: 'Another name', npis: ['1234567893'] })).json().id,
    withNpi.id,
    'the NPI counts more',
  )
  t.not((await make({ name: 'River Valley', state: 'TX' })).json().id, withNpi.id, 'another state')
  const foreign = await make({ name: 'River Valley', state: 'MA' }, { ...other, scopes: ['media:write'] })
  t.equal(foreign.statusCode, 201, 'each organisation has its own')
  t.not(foreign.json().id, withNpi.id)
})

t.test('what cannot be a hospital is a 400, and only uploaders make one', async t => {
  const { call, own, other } = await core(t)
  const wrong = [
    {},
    { name: ' ' },
    { name: 'x\0' },
    { name: 'x', state: 'Texas' },
    { name: 'x', npis: ['1'] },
    { name: 'x', id: 1 },
    '{',
  ]
  for (const body of wrong)
    t.equal(
      (await call('/v1/core/hospitals', own, { method: 'POST', body })).statusCode,
      400,
      JSON.stringify(body),
    )
  t.equal((await call('/v1/core/hospitals', other, { method: 'POST', body: { name: 'x' } })).statusCode, 403)
  t.equal(
    (await call('/v1/core/hospitals', undefined, { method: 'POST', body: { name: 'x' } })).statusCode,
    401,
  )
  for (const url of ['/v1/core/hospitals', '/v1/core/hospitals/00000000-0000-4000-8000-000000000000']) {
    t.equal((await call(url, undefined)).statusCode, 401)
    t.equal((await call(url, { ...own, scopes: ['media:write'] })).statusCode, 403)
  }
})
