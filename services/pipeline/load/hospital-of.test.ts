import { createTestDatabase } from '@glimmr/dev/testing'
import { one, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { anItem, type CsvOptions, csv } from '../test-files.ts'
import { addOrganisation, load } from '../test-load.ts'

type Test = Parameters<typeof createTestDatabase>[0]
type Filing = CsvOptions & { licence: string }

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  const organisationId = await addOrganisation(db)
  return {
    db,
    file: ({ licence, ...options }: Filing, hospitalId?: string) =>
      load(db, csv([anItem], options).replace(',123,', `,${licence},`), {
        organisationId,
        ...(hospitalId && { hospitalId }),
      }),
    hospitals: () =>
      select<{ name: string; current: number }>(
        db.pool,
        sql`
        select h.name, count(f.id)::int as current
        from core.hospitals h left join prices.files f on f.hospital_id = h.id and f.status = 'published'
        group by h.id order by h.created_at`,
      ),
  }
}

const [npi, otherNpi] = ['1234567893', '1093942333']

t.test("the files of two hospitals never take each other's place by what says nothing", async t => {
  const { file, hospitals } = await setUp(t)
  for (const licence of ['N/A', 'pending', '74-6001118 (EIN)', '74-6001118']) {
    await file({ hospital: `Alpha, ${licence}`, npi: '', licence })
    await file({ hospital: `Beta, ${licence}`, npi: '', licence })
  }
  await file({ hospital: 'Gamma', npi: '0000000001', licence: '' })
  await file({ hospital: 'Delta', npi: '0000000001', licence: '' })
  t.same(
    (await hospitals()).map(({ current }) => current),
    Array.from({ length: 10 }, () => 1),
  )
})

t.test('a town that slipped under the licence makes no two hospitals one', async t => {
  const { db, hospitals } = await setUp(t)
  const [us] = await select<{ id: string }>(db.pool, sql`select id from core.organisations`)
  for (const hospital of ['Alpha', 'Beta'])
    await load(
      db,
      csv([anItem], { hospital }).replace('"1 Main St, Austin, TX"', '1 Main St, Austin 5, TX'),
      {
        organisationId: us?.id ?? '',
      },
    )
  t.same(await hospitals(), [
    { name: 'Alpha', current: 1 },
    { name: 'Beta', current: 1 },
  ])
})

t.test(
  'one legal name for two hospitals of a system: each keeps its prices, and its next file finds it',
  async t => {
    const { file, hospitals } = await setUp(t)
    const one = { hospital: 'Foundation Hospitals', npi, licence: '1' }
    const other = { hospital: 'Foundation Hospitals', npi: otherNpi, licence: '2' }
    await file(one)
    await file(other)
    t.equal((await file({ ...other, newline: '\r\n' })).outcome, 'published')
    t.same(await hospitals(), [
      { name: 'Foundation Hospitals', current: 1 },
      { name: 'Foundation Hospitals', current: 1 },
    ])
  },
)

t.test('a file that names another hospital than the one it is published as says so', async t => {
  const { db, file, hospitals } = await setUp(t)
  await file({ hospital: 'Old Name', npi, licence: '1' })
  const said = { findings: { 'glimmr.other-hospital-name': 1 } }
  t.match(await file({ hospital: 'New Name', npi, licence: '1' }), said)
  t.same(await hospitals(), [{ name: 'Old Name', current: 1 }])
  const [hospital] = await select<{ id: string }>(db.pool, sql`select id from core.hospitals`)
  t.match(
    await file({ hospital: 'Third Name', npi: otherNpi, licence: '2' }, hospital?.id),
    said,
    'chosen, too',
  )
  t.notMatch(await file({ hospital: 'OLD-NAME', npi, licence: '1' }), said)
  t.match(
    await select(
      db.pool,
      sql`select value, message from prices.findings where rule = 'glimmr.other-hospital-name'`,
    ),
    [
      { value: 'New Name', message: /names New Name, and was published as Old Name/ },
      { value: 'Third Name', message: /names Third Name/ },
    ],
  )
})

t.test('a hospital that is chosen gets what it lacks, and nothing else', async t => {
  const { db, file } = await setUp(t)
  const { id: blank } = await one<{ id: string }>(
    db.pool,
    sql`insert into core.hospitals (organisation_id, name) select id, 'Blank' from core.organisations returning id`,
  )
  const known = () =>
    one(db.pool, sql`select name, state, npis, licences from core.hospitals where id = ${blank}`)
  await file({ hospital: 'General', npi, licence: '1' }, blank)
  const completed = { name: 'Blank', state: 'TX', npis: [npi], licences: ['TX 1'] }
  t.same(await known(), completed)
  await file({ hospital: 'Another', npi: otherNpi, licence: '2' }, blank)
  t.same(await known(), completed)
})
