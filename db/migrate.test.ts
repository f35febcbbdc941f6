import { createTestDatabase } from '@glimmr/dev/testing'
import { maybeOne, one, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { migrate, serviceRoles } from './migrate.ts'

t.test('a second migration finds nothing to do, and two at once do not meet', async t => {
  const db = await createTestDatabase(t)
  const applied = await Promise.all([migrate({ url: db.url }), migrate({ url: db.url })])
  t.same(applied, [[], []])
})

t.test('a migration that was edited after it was applied is refused by name', async t => {
  const db = await createTestDatabase(t)
  await db.pool.query("update migrations.applied set sha256 = 'other' where name like '0002%'")
  await t.rejects(migrate({ url: db.url }), { message: /0002-core.sql was applied and has been edited/ })
})

t.test('no service can write a table of another', async t => {
  const db = await createTestDatabase(t)
  const tables = await rows<{ schema: string; name: string; owner: string }>(
    db.pool,
    sql`select schemaname as schema, tablename as name, tableowner as owner from pg_tables
      where schemaname in ('core', 'media', 'prices', 'links', 'auth')`,
  )
  t.ok(tables.length > 15, 'the schemas have their tables')
  for (const role of serviceRoles) {
    for (const table of tables.filter(table => table.owner !== role)) {
      const may = await one<{ write: boolean }>(
        db.pool,
        sql`select has_table_privilege(${role}::name, ${`${table.schema}.${table.name}`}::text, 'insert, update, delete, truncate') as write`,
      )
      t.equal(may.write, false, `${role} may not write ${table.schema}.${table.name}`)
    }
    t.ok(
      tables.some(table => table.owner === role),
      `${role} owns tables`,
    )
  }
  await t.rejects(db.poolFor('glimmr_links').query("insert into core.organisations (name) values ('x')"), {
    code: '42501',
  })
  await t.rejects(db.poolFor('glimmr_core').query('delete from prices.rate_blocks'), { code: '42501' })
})

t.test('media adds a load job once, in its own transaction, without owning the job tables', async t => {
  const db = await createTestDatabase(t)
  const media = db.poolFor('glimmr_media')
  const upload = '018f0000-0000-7000-8000-000000000001'
  const add = () =>
    one<{ added: boolean }>(media, sql`select jobs.add_load(${upload}, ${upload}, 10, ${null}) as added`)
  t.same(await Promise.all([add(), add()]).then(results => results.map(r => r.added).sort()), [false, true])
  t.same(await one(db.pool, sql`select count(*)::int as jobs from graphile_worker.jobs`), { jobs: 1 })
  t.same(await maybeOne(db.pool, sql`select status from prices.loads`), { status: 'queued' })
  await t.rejects(media.query('select * from graphile_worker._private_jobs'), { code: '42501' })
})

t.test('a hospital is joined by NPI, licence, then name, and never across organisations', async t => {
  const db = await createTestDatabase(t)
  const [one_, two] = await rows<{ id: string }>(
    db.pool,
    sql`insert into core.organisations (name) values ('one'), ('two') returning id`,
  )
  const pipeline = db.poolFor('glimmr_pipeline')
  const join = async (organisation: string | undefined, name: string, npis: string[], licences: string[]) =>
    (
      await one<{ id: string }>(
        pipeline,
        sql`select core.join_hospital(${organisation}, ${name}, 'MA', ${npis}, ${licences}, '{}') as id`,
      )
    ).id
  const first = await join(one_?.id, 'General', ['1000000001'], [])
  t.equal(await join(one_?.id, 'General Hospital', ['1000000001', '1000000002'], ['MA 7']), first, 'by NPI')
  t.equal(await join(one_?.id, 'Renamed', [], ['MA 7']), first, 'by licence')
  t.equal(await join(one_?.id, ' general ', [], []), first, 'by name')
  t.not(await join(one_?.id, 'Other', ['1000000009'], []), first)
  t.not(await join(two?.id, 'General', ['1000000001'], ['MA 7']), first, 'another organisation has its own')
})

t.test('what a hospital is known by has an end, and what it was known by first is kept', async t => {
  const db = await createTestDatabase(t)
  const { id: organisation } = await one<{ id: string }>(
    db.pool,
    sql`insert into core.organisations (name) values ('one') returning id`,
  )
  const join = (npis: string[]) =>
    one<{ id: string }>(
      db.poolFor('glimmr_pipeline'),
      sql`select core.join_hospital(${organisation}, 'General', 'MA', ${npis}, '{}', '{}') as id`,
    )
  const { id } = await join(['9999999999'])
  for (let turn = 0; turn < 3; turn++)
    t.same(await join(Array.from({ length: 100 }, (_, n) => `10000${turn}${String(n).padStart(4, '0')}`)), {
      id,
    })
  const found = await one<{ npis: string[] }>(db.pool, sql`select npis from core.hospitals where id = ${id}`)
  t.equal(found.npis.length, 200)
  t.equal(found.npis[0], '9999999999')
  t.same(await join(['9999999999']), { id })
})
