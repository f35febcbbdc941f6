import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createRouter } from '@glimmr/gateway/router/router'
import t from 'tap'

const page = await readFile(new URL('../docs/operating.md', import.meta.url), 'utf8')
const statements = [...page.matchAll(/```sql\n(.*?)```/gs)].map(match => String(match[1]))

t.test('the statements that remove a file leave nothing of it, and all of the others', async t => {
  const db = await createTestDatabase(t)
  const organisation = await seedOrganisation(db.pool, 'Own')
  const seeded = async (hospital: string, code: string) => {
    const rates = [{ payer: 'Acme', plan: 'PPO', dollar: '1', notes: 'a note', algorithm: 'a formula' }]
    const { file_id } = await seedFile(db.pool, {
      organisation,
      hospital,
      items: [{ codes: [[code, 'CPT']], charges: [{ notes: 'a note', rates }] }],
    })
    const { rows } = await db.pool.query<{ id: string }>(
      `insert into media.uploads (organisation_id, created_by, filename, content_type, size_bytes, object_key, expires_at)
        values ($1, 'me', 'a.csv', 'text/csv', 1, $2, now()) returning id`,
      [organisation, `uploads/${file_id}/a.csv`],
    )
    await db.pool.query(
      `insert into prices.loads (upload_id, organisation_id, status, bytes_total, file_id) values ($1, $2, 'published', 1, $3)`,
      [rows[0]?.id, organisation, file_id],
    )
    for (const statement of [
      `insert into prices.modifiers (id, file_id, row_number, code, byte_offset, byte_length)
        values ($1::bigint << 32 | 1, $1, 1, '50', 0, 1)`,
      `insert into prices.findings (file_id, ordinal, rule, layer, severity, message) values ($1, 1, 'a', 'cms', 'error', 'a')`,
      `insert into prices.finding_counts (file_id, rule, layer, severity, count) values ($1, 'a', 'cms', 'error', 1)`,
      `insert into prices.rejected_rows (file_id, row_number, rule, message, byte_offset, byte_length)
        values ($1, 1, 'a', 'a', 0, 1)`,
    ])
      await db.pool.query(statement, [file_id])
    return file_id
  }
  const [wrong, other] = [await seeded('Wrong', '70551'), await seeded('Other', '70552')]
  await db.pool.query('update prices.files set same_prices_as = $1 where id = $2', [wrong, other])

  /** How many rows each table has of a file. */
  const rowsOf = async (file: number) => {
    const { rows: tables } = await db.pool.query<{ name: string }>(
      `select table_name as name from information_schema.columns join information_schema.tables t using (table_schema, table_name)
        where table_schema = 'prices' and column_name = 'file_id' and t.table_type = 'BASE TABLE' order by 1`,
    )
    const counts: Record<string, number> = {}
    for (const { name } of tables) {
      const { rows } = await db.pool.query(
        `select count(*)::int as n from prices.${name} where file_id = $1`,
        [file],
      )
      counts[name] = rows[0].n
    }
    const { rows } = await db.pool.query(
      `select (select count(*)::int from prices.files where id = $1) as files,
        (select count(*)::int from media.uploads where object_key = $2) as uploads`,
      [file, `uploads/${file}/a.csv`],
    )
    return { ...counts, ...rows[0] } as Record<string, number>
  }
  const before = await rowsOf(other)
  const none = Object.fromEntries(Object.keys(before).map(name => [name, 0]))
  for (const [name, count] of Object.entries(before)) t.ok(count > 0, `${name} has rows to remove`)
  t.strictSame(await rowsOf(wrong), before)

  const [largest = '', removal = ''] = statements
  t.equal((await db.pool.query(largest)).rows.length, 2)
  await db.pool.query(removal.replace(/^\\set .*\n/, '').replaceAll(/:file\b/g, String(wrong)))
  t.strictSame(await rowsOf(wrong), none)
  t.strictSame(await rowsOf(other), before)
  const { rows } = await db.pool.query('select same_prices_as from prices.files')
  t.same(rows, [{ same_prices_as: null }])
})

t.test('the route file for a service that runs more than once is one, and names what it uses', async t => {
  const [routes = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(match => String(match[1]))
  const dir = t.testdir({
    'traefik.yml': 'entryPoints: { web: { address: ":0" } }\nproviders: { file: { filename: routes.yml } }\n',
  })
  const file = join(dir, 'routes.yml')
  const routers =
    '  routers:\n    core: { rule: PathPrefix(`/v1/core/`), middlewares: [again], service: core }\n'
  await writeFile(file, routes + routers)
  const warned: unknown[] = []
  const keep = (fields: unknown) => void warned.push(fields)
  const log = { info() {}, warn: keep, error: keep }
  const router = createRouter({ staticFile: join(dir, 'traefik.yml'), log })
  t.teardown(() => router.close())
  t.same(warned, [])
  // A misspelt option is refused, so what stands there is understood.
  await writeFile(file, routes.replace('maxFailedAttempts', 'maxFailed') + routers)
  t.notOk(router.reload())
})
