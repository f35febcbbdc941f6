import type { Readable } from 'node:stream'
import { createTestDatabase } from '@glimmr/dev/testing'
import { execute, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import type { Source } from '../source/source.ts'
import { bufferSource } from '../test-files.ts'
import { addOrganisation, counts, load, many, visible } from '../test-load.ts'
import { openCopyLanes } from './copy-lanes.ts'

type Test = Parameters<typeof createTestDatabase>[0]

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  return { db, us: await addOrganisation(db), them: await addOrganisation(db) }
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

t.test('a load that is given up while it commits has ended before its rows are cleared', async t => {
  const { db } = await setUp(t)
  await execute(
    db.pool,
    sql`create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return null; end'`,
  )
  await execute(
    db.pool,
    sql`create constraint trigger slow_commit after insert on prices.texts deferrable initially deferred for each row execute function slow()`,
  )
  const lanes = await openCopyLanes({ url: db.urlFor('glimmr_pipeline'), bufferBytes: 1 << 16 })
  lanes.add({ table: 'texts', bytes: Buffer.from('1\t1\ta\n'), rows: 1 })
  const committed = lanes.commit().catch(() => {})
  const connections = (state: string) =>
    select(
      db.pool,
      sql`select from pg_stat_activity where datname = current_database() and application_name = 'glimmr_copy' and state like ${state} and (${state} = '%' or query = 'commit')`,
    )
  while ((await connections('active')).length === 0);
  await lanes.abort()
  await execute(db.pool, sql`delete from prices.texts`)
  await committed
  while ((await connections('%')).length > 0);
  t.same(await select(db.pool, sql`select id from prices.texts`), [])
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

t.test('a load that gets one of its connections and not the other leaves none behind', async t => {
  const { db, us } = await setUp(t)
  // For the load itself and one to copy, beside the test's own.
  const [{ own } = { own: 0 }] = await select<{ own: number }>(
    db.pool,
    sql`select count(*)::int as own from pg_stat_activity where datname = current_database()`,
  )
  await db.pool.query(`alter database ${db.name} connection limit ${own + 2}`)
  await t.rejects(load(db, many(1), { organisationId: us }), { code: '53300' })
  const left = () =>
    select(
      db.pool,
      sql`select from pg_stat_activity where datname = current_database() and application_name like 'glimmr_%'`,
    )
  while ((await left()).length > 0);
  t.same(await left(), [])
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
