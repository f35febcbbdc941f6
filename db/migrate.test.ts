import { createTestDatabase } from '@glimmr/dev/testing'
import { maybeOne, one, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { migrate, serviceRoles } from './migrate.ts'

type Test = Parameters<typeof createTestDatabase>[0]

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

async function joining(t: Test) {
  const db = await createTestDatabase(t)
  const organisations = await rows<{ id: string }>(
    db.pool,
    sql`insert into core.organisations (name) values ('one'), ('two') returning id`,
  )
  const pipeline = db.poolFor('glimmr_pipeline')
  const [us = '', them = ''] = organisations.map(({ id }) => id)
  const join = async (name: string | null, npis: string[], licences: string[] = [], state = 'MA', by = us) =>
    (
      await one<{ id: string }>(
        pipeline,
        sql`select core.join_hospital(${by}, ${name}, ${state}, ${npis}, ${licences}, '{}') as id`,
      )
    ).id
  return { db, join, them }
}

t.test(
  'a hospital is known by its name, by whatever its files add to it, and in its own organisation only',
  async t => {
    const { join, them } = await joining(t)
    const first = await join("St. Mary's", ['1'], ['MA 7'])
    t.equal(await join(' ST MARYS ', []), first, 'by its name alone')
    t.equal(await join("St. Mary's", ['1', '2'], ['MA 7']), first, 'an NPI more')
    t.equal(await join("St. Mary's", ['9'], ['MA 7']), first, 'its NPI was corrected')
    t.equal(await join("St. Mary's", ['2'], ['MA 8']), first, 'another licence')
    t.not(await join("St. Mary's", ['1'], ['MA 7'], 'TX'), first, 'in another state')
    t.not(await join("St. Mary's", ['1'], ['MA 7'], 'MA', them), first, 'of another organisation')
  },
)

t.test('a hospital that changed its name is known by its numbers, if they are all the same', async t => {
  const { join } = await joining(t)
  const alpha = await join('Alpha', ['1', '2'], ['MA 7'])
  t.equal(await join('Alpha by the Sea', ['2', '1'], ['MA 7']), alpha)
  t.equal(await join('Alpha by the Sea', ['1', '2']), alpha, 'it states no licence')
  t.equal(await join(null, [], ['MA 7']), alpha, 'it states a licence alone')
})

t.test('hospitals that share a name, an NPI or a licence stay apart', async t => {
  const { join } = await joining(t)
  const all = [
    await join('Alpha', ['1', '2'], ['MA 7']),
    await join('Beta', ['2'], ['MA 8']),
    await join('Beta Rehabilitation', ['2'], ['MA 9']),
    await join('Gamma', ['3'], ['MA 7']),
    await join('Foundation Hospitals', ['4'], ['CA 1'], 'CA'),
    await join('Foundation Hospitals', ['5'], ['CA 2'], 'CA'),
    await join('Foundation Hospitals', ['6'], [], 'CA'),
    await join(null, ['7']),
    await join(null, ['8']),
  ]
  t.equal(new Set(all).size, all.length)
  t.equal(
    await join('Foundation Hospitals', ['5'], ['CA 2'], 'CA'),
    all[5],
    'that of several which its numbers tell',
  )
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
    t.same(
      await join([
        '9999999999',
        ...Array.from({ length: 100 }, (_, n) => `10000${turn}${String(n).padStart(4, '0')}`),
      ]),
      { id },
    )
  const found = await one<{ npis: string[] }>(db.pool, sql`select npis from core.hospitals where id = ${id}`)
  t.equal(found.npis.length, 200)
  t.equal(found.npis[0], '9999999999')
  t.same(await join(['9999999999']), { id })
})
