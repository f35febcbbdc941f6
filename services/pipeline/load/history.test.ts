import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createTestDatabase, type TestDatabase } from '@glimmr/dev/testing'
import { execute, one, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { aJsonItem, anItem, type Cells, csv, json } from '../test-files.ts'
import { addOrganisation, load as loadText } from '../test-load.ts'
import { comparePrices } from './same-prices.ts'

type Test = Parameters<typeof createTestDatabase>[0]

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  const organisationId = await addOrganisation(db)
  const load = async (text: string, uploadId: string | null = null) => {
    if (uploadId)
      await execute(
        db.pool,
        sql`insert into prices.loads (upload_id, organisation_id, status) values (${uploadId}, ${organisationId}, 'loading') on conflict do nothing`,
      )
    return loadText(db, text, { organisationId, uploadId })
  }
  return { db, load, pool: db.poolFor('glimmr_pipeline') }
}

const current = (db: TestDatabase) =>
  one<{ id: number }>(db.pool, sql`select id from prices.files where status = 'published'`)

const publications = (db: TestDatabase) =>
  select<{ file_id: number; open: boolean; gapless: boolean | null }>(
    db.pool,
    sql`
      select file_id, superseded_at is null as open,
        published_at = lag(superseded_at) over (order by id) as gapless
      from prices.publications order by id`,
  )

const a = csv([anItem])
const b = csv([{ ...anItem, plan_name: 'HMO' }])

t.test(
  'bytes that were superseded and come again become current again, as a publication of their own',
  async t => {
    const { db, load } = await setUp(t)
    const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()]
    const { fileId } = await load(a, first)
    const { fileId: other } = await load(b, second)
    t.match(await load(a, third), { outcome: 'republished', fileId })
    t.equal((await current(db)).id, fileId)
    t.same(await publications(db), [
      { file_id: fileId, open: false, gapless: null },
      { file_id: other, open: false, gapless: true },
      { file_id: fileId, open: true, gapless: true },
    ])
    t.match(
      await one(
        db.pool,
        sql`select status, file_id, rows_loaded from prices.loads where upload_id = ${third}`,
      ),
      {
        status: 'published',
        file_id: fileId,
        rows_loaded: '1',
      },
    )
    t.match(
      await one(
        db.pool,
        sql`select upload_id, object_key, superseded_at from prices.files where id = ${fileId}`,
      ),
      {
        upload_id: third,
        object_key: `object of ${third}`,
        superseded_at: null,
      },
    )
    t.match(
      await load(a),
      { outcome: 'already_loaded', fileId },
      'while it is current there is nothing to do',
    )
  },
)

t.test('a load that is repeated after it published does not undo what was published since', async t => {
  const { db, load } = await setUp(t)
  const [first, second] = [randomUUID(), randomUUID()]
  await load(a, first)
  const { fileId: newer } = await load(b, second)
  t.match(await load(a, first), { outcome: 'ended_before' })
  t.equal((await current(db)).id, newer)
  t.equal((await publications(db)).length, 2)
})

t.test('many loads of two contents at once leave one current file and intervals without overlap', async t => {
  const { db, load } = await setUp(t)
  await Promise.all([a, b, a, b, a].map(text => load(text)))
  await current(db)
  const found = await publications(db)
  t.equal(found.filter(({ open }) => open).length, 1)
  t.ok(found.every(({ gapless }) => gapless !== false))
})

t.test('publications become visible in the order of their ids, whoever commits first', async t => {
  const { db, load } = await setUp(t)
  const { fileId } = await load(a)
  const other = await addOrganisation(db)
  const { fileId: elsewhere } = await loadText(db, a, { organisationId: other, uploadId: null })
  await execute(db.pool, sql`update prices.files set status = 'superseded'`)
  const [first, second] = [await db.pool.connect(), await db.pool.connect()]
  t.teardown(() => [first, second].map(client => client.release()))
  const publish = "update prices.files set status = 'published' where id = $1"
  await first.query('begin')
  await first.query(publish, [fileId])
  let done = false
  const waiting = second.query(publish, [elsewhere]).finally(() => {
    done = true
  })
  const waits = sql`
    select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
    where l.locktype = 'advisory' and not l.granted`
  while (!done && (await select(db.pool, waits)).length === 0) await setImmediate()
  t.equal((await publications(db)).length, 2, 'neither is seen')
  await first.query('commit')
  await waiting
  t.match((await publications(db)).slice(2), [{ file_id: fileId }, { file_id: elsewhere }])
})

const three: Cells[] = [
  anItem,
  { ...anItem, plan_name: 'HMO', 'standard_charge|negotiated_dollar': '12.50' },
  { ...anItem, description: 'Other', 'code|1': '70552', modifiers: '26|TC' },
]

t.test('the same prices in another order, with other digits and another date are recognised', async t => {
  const { db, load, pool } = await setUp(t)
  const { fileId } = await load(csv(three))
  const [one_, two, last] = three as [Cells, Cells, Cells]
  const again = csv([
    { ...last, modifiers: 'TC|26' },
    { ...two, 'standard_charge|negotiated_dollar': '12.5' },
    one_,
  ])
  const { fileId: reordered } = await load(again.replace('2026-04-01', '2026-05-01'))
  const jobs = await select<{ key: string }>(
    db.pool,
    sql`select key from graphile_worker.jobs where task_identifier = 'compare'`,
  )
  t.same(jobs, [{ key: `compare:${reordered}` }], 'the first file has none to be compared with')
  t.equal(await comparePrices(pool, reordered), fileId)
  t.match(
    await one(db.pool, sql`select same_prices_as, content_hash from prices.files where id = ${reordered}`),
    {
      same_prices_as: fileId,
      content_hash: /^[0-9a-f]{32}$/,
    },
  )
  const { fileId: other } = await load(
    csv([one_, { ...two, 'standard_charge|negotiated_dollar': '12.51' }, last]),
  )
  t.equal(await comparePrices(pool, other), undefined, 'a cent more is another price')
  const { fileId: elsewhere } = await load(csv([one_, two, { ...last, payer_name: 'Else' }]))
  t.equal(await comparePrices(pool, elsewhere), undefined)
})

t.test('a CSV and a JSON of the same prices are the same', async t => {
  const { load, pool } = await setUp(t)
  const { fileId } = await load(csv([anItem]))
  const { fileId: other } = await load(json([aJsonItem]))
  t.equal(await comparePrices(pool, other), fileId)
})
