import { createHash, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { createTestDatabase, type TestDatabase } from '@glimmr/dev/testing'
import { execute, one, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import type { Source } from '../source/source.ts'
import { aJsonItem, anItem, bufferSource, csv, json } from '../test-files.ts'
import { type LoadOptions, type LoadResult, loadFile } from './load-file.ts'

type Test = Parameters<typeof createTestDatabase>[0]

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  return { db, us: await organisation(db), them: await organisation(db) }
}

async function organisation(db: TestDatabase): Promise<string> {
  const id = randomUUID()
  await execute(db.pool, sql`insert into core.organisations (id, name) values (${id}, ${id})`)
  return id
}

type Options = {
  organisationId: string
  hospitalId?: string
  uploadId?: string
  source?: Source
  signal?: AbortSignal
}

function load(
  db: TestDatabase,
  bytes: Buffer | string,
  { organisationId, hospitalId, uploadId, source, signal }: Options,
): Promise<LoadResult> {
  const content = Buffer.from(bytes)
  const file: LoadOptions['file'] = {
    organisationId,
    hospitalId: hospitalId ?? null,
    uploadId: uploadId ?? null,
    filename: 'test.csv',
    objectKey: null,
    traceparent: null,
    sha256: createHash('sha256').update(content).digest('hex'),
  }
  return loadFile({
    url: db.urlFor('glimmr_pipeline'),
    file,
    source: source ?? bufferSource(content),
    signal: signal ?? new AbortController().signal,
    now: new Date('2026-05-01'),
  })
}

/** What everybody sees: rates of published files. */
const visible = (db: TestDatabase) =>
  select<{ organisation_id: string; dollar: string; payer: string; plan: string | null }>(
    db.pool,
    sql`
    select f.organisation_id, r.negotiated_dollar::text as dollar, p.name as payer, l.name as plan
    from prices.rates r join prices.files f on f.id = r.file_id and f.status = 'published'
    join prices.payers p on p.id = r.payer_id join prices.plans l on l.id = r.plan_id order by r.id`,
  )

const counts = (db: TestDatabase) =>
  one<{ items: string; charges: string; rates: string; codes: string; texts: string }>(
    db.pool,
    sql`
    select (select count(*) from prices.items)::text as items, (select count(*) from prices.charges)::text as charges,
      (select count(*) from prices.rates)::text as rates, (select count(*) from prices.item_codes)::text as codes,
      (select count(*) from prices.texts)::text as texts`,
  )

const many = (count: number, more = {}) =>
  csv(
    Array.from({ length: count }, (_, at) => ({
      ...anItem,
      ...more,
      description: `Item ${at}`,
      plan_name: `Plan ${at % 50}`,
    })),
  )

t.test('a file becomes published prices with all it says of itself', async t => {
  const { db, us } = await setUp(t)
  const result = await load(
    db,
    csv([
      anItem,
      { ...anItem, plan_name: '' },
      { ...anItem, description: 'odd', 'standard_charge|negotiated_dollar': 'call' },
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

/** A source that fails after so many bytes, as a broken connection does. */
function failingSource(bytes: Buffer, after: number): Source {
  const whole = bufferSource(bytes)
  return {
    ...whole,
    async read(range, signal): Promise<Readable> {
      const stream = await whole.read(range, signal)
      if (range) return stream
      let passed = 0
      stream.on('data', (part: Buffer) => {
        passed += part.length
        if (passed > after) stream.destroy(new Error('the connection broke'))
      })
      return stream.pause()
    },
  }
}

t.test('a load that breaks leaves nothing to see; the next one loads every row once', async t => {
  const { db, us } = await setUp(t)
  const bytes = Buffer.from(many(5000))
  for (const after of [0, 150_000, 400_000]) {
    await t.rejects(load(db, bytes, { organisationId: us, source: failingSource(bytes, after) }), {
      message: 'the connection broke',
    })
    t.same(await visible(db), [])
  }
  t.equal((await load(db, bytes, { organisationId: us })).outcome, 'published')
  t.match(await counts(db), { items: '5000', charges: '5000', rates: '5000', codes: '5000' })
})

t.test('a database connection that is lost fails the load, and the next one succeeds', async t => {
  const { db, us } = await setUp(t)
  const bytes = Buffer.from(many(5000))
  const whole = bufferSource(bytes)
  for (const connection of ['glimmr_copy', 'glimmr_load']) {
    const source: Source = {
      ...whole,
      async read(range, signal) {
        if (!range)
          await select(
            db.pool,
            sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${connection} and datname = current_database()`,
          )
        return whole.read(range, signal)
      },
    }
    await t.rejects(load(db, bytes, { organisationId: us, source }), connection)
    t.same(await visible(db), [])
  }
  t.equal((await load(db, bytes, { organisationId: us })).outcome, 'published')
  t.match(await counts(db), { items: '5000', rates: '5000' })
})

t.test('rows committed by a load that died before it published are cleared, not doubled', async t => {
  const { db, us } = await setUp(t)
  const bytes = many(200, { additional_generic_notes: 'note' })
  const first = await load(db, bytes, { organisationId: us })
  // What is left when the process dies between the commit of the rows and the publication.
  await execute(
    db.pool,
    sql`update prices.files set status = 'loading', published_at = null where id = ${first.fileId}`,
  )
  await execute(db.pool, sql`delete from prices.file_plans`)
  const again = await load(db, bytes, { organisationId: us })
  t.match(again, { outcome: 'published', fileId: first.fileId })
  t.match(await counts(db), { items: '200', charges: '200', rates: '200', codes: '200', texts: '1' })
  t.equal((await visible(db)).length, 200)
})

t.test('a load that is stopped rolls back', async t => {
  const { db, us } = await setUp(t)
  const stop = new AbortController()
  const bytes = Buffer.from(many(3000))
  const whole = bufferSource(bytes)
  const source: Source = {
    ...whole,
    async read(range, signal) {
      const stream = await whole.read(range, signal)
      if (!range) stream.once('end', () => stop.abort(new Error('stopped')))
      return stream
    },
  }
  await t.rejects(load(db, bytes, { organisationId: us, source, signal: stop.signal }))
  t.match(await counts(db), { items: '0', rates: '0' })
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
