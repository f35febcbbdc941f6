import { createTestDatabase } from '@glimmr/dev/testing'
import { one, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { aJsonItem, anItem, csv, json } from '../test-files.ts'
import { addOrganisation, load, many, visible } from '../test-load.ts'
import { zip } from '../test-zip.ts'

type Test = Parameters<typeof createTestDatabase>[0]

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  return { db, us: await addOrganisation(db), them: await addOrganisation(db) }
}

t.test('a file becomes published prices with all it says of itself', async t => {
  const { db, us } = await setUp(t)
  const result = await load(
    db,
    csv([
      anItem,
      { ...anItem, plan_name: '' },
      {
        ...anItem,
        description: 'odd',
        'standard_charge|gross': '',
        'standard_charge|discounted_cash': '',
        'standard_charge|negotiated_dollar': 'call',
      },
    ]),
    { organisationId: us },
  )
  t.match(result, { outcome: 'published', verdict: 'invalid' })
  t.same(await visible(db), [
    { organisation_id: us, dollar: '400.10', payer: 'Acme', plan: 'PPO' },
    { organisation_id: us, dollar: '400.10', payer: 'Acme', plan: null },
  ])
  const file = await one<Record<string, unknown>>(db.pool, sql`select * from prices.files`)
  t.match(file, {
    status: 'published',
    verdict: 'invalid',
    layout: 'tall',
    encoding: 'utf-8',
    template_version: '3.0',
    declared_version: '3.0.0',
    hospital_name: 'Test Hospital',
    attestation: true,
    attester_name: 'A Person',
    npis: ['1234567893'],
    licences: ['TX 123'],
    addresses: ['1 Main St, Austin, TX'],
    rows_seen: '3',
    rows_loaded: '2',
    rows_rejected: '1',
    rates_count: '2',
  })
  t.match(
    await select(
      db.pool,
      sql`select row_number, rule, byte_offset::int, byte_length::int from prices.rejected_rows`,
    ),
    [{ row_number: 6, rule: 'glimmr.no-price' }],
  )
  t.match(
    await select(db.pool, sql`select rule, cell, value from prices.findings where rule = 'cms.plan-missing'`),
    [{ cell: 'M5' }],
  )
  t.match(
    await select(db.pool, sql`select count::int from prices.finding_counts where rule = 'cms.plan-missing'`),
    [{ count: 1 }],
  )
  t.match(await select(db.pool, sql`select rates_count::int from prices.file_plans order by plan_id`), [
    { rates_count: 1 },
    { rates_count: 1 },
  ])
})

t.test('the next file of a hospital takes the place of the one before, in one step', async t => {
  const { db, us } = await setUp(t)
  const first = await load(db, csv([anItem]), { organisationId: us })
  const second = await load(db, json([aJsonItem]), { organisationId: us })
  const files = await select<{ id: number; status: string; hospital_id: string }>(
    db.pool,
    sql`select id, status, hospital_id from prices.files order by id`,
  )
  t.match(files, [
    { id: first.fileId, status: 'superseded' },
    { id: second.fileId, status: 'published' },
  ])
  t.equal(files[0]?.hospital_id, files[1]?.hospital_id, 'told by its NPI')
  t.same(
    (await visible(db)).map(rate => rate.dollar),
    ['400.1'],
  )
})

t.test('the last file published counts; one with an earlier date than the one before says so', async t => {
  const { db, us } = await setUp(t)
  const dated = (date: string) => csv([anItem]).replace('2026-04-01', date)
  const older = { findings: { 'glimmr.older-filing': 1 } }
  t.notMatch(await load(db, dated('2026-03-01'), { organisationId: us }), older, 'there was none before')
  t.notMatch(await load(db, dated('2026-04-01'), { organisationId: us }), older)
  const last = await load(db, dated('2026-03-31'), { organisationId: us })
  t.match(last, { outcome: 'published', verdict: 'valid', ...older })
  t.match(await select(db.pool, sql`select id from prices.files where status = 'published'`), [
    { id: last.fileId },
  ])
  t.match(
    await select(db.pool, sql`select value, message from prices.findings where rule = 'glimmr.older-filing'`),
    [{ value: '2026-03-31', message: /2026-03-31 .* 2026-04-01/ }],
  )
})

t.test('a file that holds far fewer prices than the one before says so', async t => {
  const { db, us } = await setUp(t)
  const fewer = { findings: { 'glimmr.fewer-prices': 1 } }
  t.notMatch(await load(db, many(100), { organisationId: us }), fewer, 'there was none before')
  t.notMatch(await load(db, many(80), { organisationId: us }), fewer)
  t.match(await load(db, many(63), { organisationId: us }), { verdict: 'valid', ...fewer })
  const [told] = await select<{ message: string }>(
    db.pool,
    sql`select message from prices.findings where rule = 'glimmr.fewer-prices'`,
  )
  t.match(told?.message, /holds 126 charges and rates, and .* 160\./)
})

t.test('the same content again loads nothing, also when both come at once', async t => {
  const { db, us } = await setUp(t)
  const bytes = many(300)
  const results = await Promise.all([1, 2, 3, 4].map(() => load(db, bytes, { organisationId: us })))
  t.same(results.map(result => result.outcome).sort(), [
    'already_loaded',
    'already_loaded',
    'already_loaded',
    'published',
  ])
  t.equal(new Set(results.map(result => result.fileId)).size, 1)
  t.equal((await visible(db)).length, 300)
  t.equal((await load(db, bytes, { organisationId: us })).outcome, 'already_loaded')
})

t.test('two organisations that upload one content have a file and a hospital each', async t => {
  const { db, us, them } = await setUp(t)
  const results = await Promise.all(
    [us, them].map(organisationId => load(db, csv([anItem]), { organisationId })),
  )
  t.same(
    results.map(result => result.outcome),
    ['published', 'published'],
  )
  const hospitals = await select<{ organisation_id: string }>(
    db.pool,
    sql`select organisation_id from core.hospitals`,
  )
  t.same(hospitals.map(row => row.organisation_id).sort(), [us, them].sort())
  t.same((await visible(db)).map(rate => rate.organisation_id).sort(), [us, them].sort())
})

t.test('a chosen hospital of another organisation is not touched', async t => {
  const { db, us, them } = await setUp(t)
  const hospital = await one<{ id: string }>(
    db.pool,
    sql`insert into core.hospitals (organisation_id, name) values (${them}, 'Theirs') returning id`,
  )
  t.match(await load(db, csv([anItem]), { organisationId: us, hospitalId: hospital.id }), {
    outcome: 'rejected',
  })
  t.same(await visible(db), [])
})

t.test('a file that is no price file says why, and changes nothing', async t => {
  const { db, us } = await setUp(t)
  await load(db, csv([anItem]), { organisationId: us })
  t.match(await load(db, 'Prices\n\n\na,b\n', { organisationId: us }), { outcome: 'rejected' })
  t.match(
    await load(db, csv([]), { organisationId: us }),
    { outcome: 'rejected', reasons: [{ rule: 'glimmr.no-rows' }] },
    'nor does one without rows',
  )
  t.equal((await visible(db)).length, 1)
  const rejected = await select<{ rule: string }>(
    db.pool,
    sql`
    select f.rule from prices.findings f join prices.files p on p.id = f.file_id and p.status = 'rejected' and p.verdict = 'rejected' order by f.ordinal`,
  )
  t.ok(
    rejected.some(row => row.rule === 'cms.column-missing') &&
      rejected.some(row => row.rule === 'glimmr.no-rows'),
  )
})

t.test('what a database cannot store is no reason to fail: NUL and half characters are left out', async t => {
  const { db, us } = await setUp(t)
  const data = csv([anItem])
  const names = ['a\0x.csv', 'b.csv']
  t.match(await load(db, zip(names.map(name => ({ name, data }))), { organisationId: us }), {
    outcome: 'rejected',
    reasons: [{ rule: 'glimmr.zip-members' }],
  })
  const [found] = await select<{ message: string }>(db.pool, sql`select message from prices.findings`)
  t.match(found?.message, /\(ax\.csv, b\.csv\)/)
  const odd = json([aJsonItem])
    .replace('"Test Hospital"', '"Test\\u0000 Hospital \\ud800"')
    .replace('{', '{"odd\\u0000 key\\\\u0000": "\\udfff \\\\ud800",')
  t.match(await load(db, odd, { organisationId: us }), { outcome: 'published' })
  t.match(
    await one(db.pool, sql`select hospital_name, general from prices.files where status = 'published'`),
    {
      hospital_name: 'Test Hospital \ufffd',
      general: { 'odd key\\u0000': '\ufffd \\ud800' },
    },
  )
})

t.test('a file that names no hospital asks for one', async t => {
  const { db, us } = await setUp(t)
  const nameless = csv([anItem])
    .replace('Test Hospital,2026', ',2026')
    .replace('1234567893', '')
    .replace(',123,', ',,')
  t.match(await load(db, nameless, { organisationId: us }), {
    outcome: 'rejected',
    reasons: [{ rule: 'glimmr.hospital-unnamed' }],
  })
  const left = sql`select id from prices.items union all select item_id from prices.item_codes`
  t.same(await select(db.pool, left), [], 'and leaves no row of it behind')
})

t.test('payers and plans have one id in all files, whoever loads at once', async t => {
  const { db, us, them } = await setUp(t)
  const of = (hospital: string, npi: string) =>
    csv(
      Array.from({ length: 400 }, (_, at) => ({
        ...anItem,
        payer_name: `Payer ${at % 20}`,
        plan_name: `Plan ${at}`,
      })),
      { hospital, npi },
    )
  await Promise.all([
    load(db, of('A', '1'), { organisationId: us }),
    load(db, of('B', '2'), { organisationId: them }),
    load(db, of('C', '3'), { organisationId: us }),
  ])
  t.match(
    await one(
      db.pool,
      sql`select (select count(*)::int from prices.payers) as payers, (select count(*)::int from prices.plans) as plans, (select count(*)::int from prices.rates) as rates`,
    ),
    { payers: 20, plans: 400, rates: 1200 },
  )
})

t.test(
  'a description that slipped into the code column, and an item of very many codes, are loaded',
  async t => {
    const { db, us } = await setUp(t)
    t.match(
      await load(db, csv([{ ...anItem, 'code|1': 'lorem ipsum '.repeat(2000) }]), { organisationId: us }),
      { outcome: 'published' },
    )
    const codes = Array.from({ length: 40_000 }, (_, at) => ({ code: String(at), type: 'CDM' }))
    t.match(await load(db, json([{ ...aJsonItem, code_information: codes }]), { organisationId: us }), {
      outcome: 'published',
      findings: { 'glimmr.codes-too-many': 1 },
    })
  },
)

t.test('names of any length and odd characters are stored', async t => {
  const { db, us } = await setUp(t)
  const payer = `${'é'.repeat(5000)}`
  await load(
    db,
    csv([{ ...anItem, payer_name: payer, plan_name: "O'Brien \\ \t x", description: 'a\\b\tc\nd' }]),
    { organisationId: us },
  )
  const [rate] = await visible(db)
  t.equal(Buffer.byteLength(rate?.payer ?? ''), 1000)
  t.match(
    await select(db.pool, sql`select count::int from prices.finding_counts where rule = 'glimmr.name-cut'`),
    [{ count: 1 }],
  )
  t.equal(rate?.plan, "O'Brien \\ \t x")
  t.same(await select(db.pool, sql`select description from prices.items`), [{ description: 'a\\b\tc\nd' }])
})
