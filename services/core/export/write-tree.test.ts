import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestDatabase } from '@glimmr/dev/testing'
import { one } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t, { type Test } from 'tap'
import { openDuckdb } from './test-duckdb.ts'
import { removeOthers, type TreeFile, writeFileTree } from './write-tree.ts'

async function setUp(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'glimmr-tree-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const db = await createTestDatabase(t)
  const organisation = await seedOrganisation(db.pool, 'Own')
  const pool = db.poolFor('glimmr_core')
  const seed = async (state: string | undefined, items: SeedItem[]): Promise<TreeFile> => {
    const { file_id } = await seedFile(db.pool, { organisation, items, ...(state && { state }) })
    return one<TreeFile>(
      pool,
      sql`select f.id, f.sha256, h.state from prices.files f join core.hospitals h on h.id = f.hospital_id where f.id = ${file_id}`,
    )
  }
  const write = (file: TreeFile) => writeFileTree(pool, file, { dir, signal: new AbortController().signal })
  const duckdb = await openDuckdb(t)
  const query = (statement: string) =>
    duckdb(statement.replace('prices', `read_parquet('${dir}/*/*/*.parquet', hive_partitioning = true)`))
  return { db, dir, seed, write, query }
}

const items: SeedItem[] = [
  {
    codes: [
      ['70551', 'CPT'],
      ['0611', 'RC'],
    ],
    charges: [
      {
        rates: [
          { payer: 'A', dollar: '1.10' },
          { payer: 'B', dollar: '2' },
        ],
      },
    ],
  },
  { codes: [['0611', 'RC']], charges: [{ rates: [{ payer: 'A', dollar: '4' }] }] },
  { codes: [['../../../x', '../../../etc']], charges: [{ rates: [{ payer: 'A', dollar: '8' }] }] },
  { charges: [{ gross: '16' }] },
]

t.test('a tree by state and code type, in which DuckDB finds each price once', async t => {
  const { dir, seed, write, query } = await setUp(t)
  t.equal(await write(await seed('TX', items)), 5)
  t.equal(await write(await seed('MA', items.slice(0, 1))), 2)
  t.same((await readdir(dir)).sort(), ['_glimmr', 'state=MA', 'state=TX'])
  t.same((await readdir(join(dir, 'state=TX'))).sort(), [
    'code_type=CPT',
    'code_type=NONE',
    'code_type=OTHER',
    'code_type=RC',
  ])
  t.same(
    await query(
      'select state, code_type, count(*) as n, sum(negotiated_dollar) as sum from prices group by all order by all',
    ),
    [
      { state: 'MA', code_type: 'CPT', n: '2', sum: '3.100000' },
      { state: 'TX', code_type: 'CPT', n: '2', sum: '3.100000' },
      { state: 'TX', code_type: 'NONE', n: '1', sum: null },
      { state: 'TX', code_type: 'OTHER', n: '1', sum: '8.000000' },
      { state: 'TX', code_type: 'RC', n: '1', sum: '4.000000' },
    ],
  )
})

t.test(
  'what is there is kept, what was superseded is taken away, what was cut off is written again',
  async t => {
    const { dir, seed, write, query } = await setUp(t)
    const first = await seed('TX', items)
    await write(first)
    t.equal(await write(first), undefined)
    const second = await seed('MA', items)
    await rm(join(dir, '_glimmr', `file-${first.id}.json`))
    t.equal(await write(first), 5, 'without its mark a file is not known to be whole')
    await write(second)
    t.same(await removeOthers(dir, new Set([second.id])), [first.id])
    t.same(await query('select distinct file_id from prices'), [{ file_id: second.id }])
    t.notOk(existsSync(join(dir, '_glimmr', `file-${first.id}.json`)))
  },
)

t.test('what a killed run has put in its place already is known to the next one', async t => {
  const { dir, seed, write, query } = await setUp(t)
  const file = await seed('TX', items)
  await write(file)
  const mark = join(dir, '_glimmr', `file-${file.id}.json`)
  const { partitions } = JSON.parse(await readFile(mark, 'utf8'))
  await writeFile(mark, JSON.stringify({ sha256: '', rows: 5, partitions }))
  t.equal(await write(file), 5, 'written again')
  t.same(await query('select count(*) as found from prices'), [{ found: '5' }])
  await writeFile(mark, JSON.stringify({ sha256: '', rows: 5, partitions }))
  t.same(await removeOthers(dir, new Set()), [file.id])
  const left = (await readdir(dir, { recursive: true })).filter(name => name.endsWith('.parquet'))
  t.same(left, [], 'superseded meanwhile: nothing of it counts twice')
})

t.test('an export that is stopped leaves nothing that looks whole', async t => {
  const { db, dir, seed } = await setUp(t)
  const file = await seed('TX', items)
  const stopped = writeFileTree(db.poolFor('glimmr_core'), file, {
    dir,
    signal: AbortSignal.abort(new Error('stopped')),
  })
  await t.rejects(stopped, { message: 'stopped' })
  t.notOk(existsSync(join(dir, '_glimmr')))
  t.same(
    (await readdir(dir, { recursive: true })).filter(name => name.endsWith('.parquet')),
    [],
  )
})

t.test('the command writes what is current, and the second time only what is new', async t => {
  const { db, dir, seed } = await setUp(t)
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const run = async (...args: string[]) => {
    const env = { ...process.env, DATABASE_URL: db.urlFor('glimmr_core') }
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--out', dir, ...args], { env })
    return stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
  }
  const first = await seed('TX', items)
  t.match(await run(), [{ file: first.id, rows: 5 }])
  const second = await seed('MA', items)
  await db.pool.query("update prices.files set status = 'superseded' where id = $1", [first.id])
  t.match(await run('--file', String(second.id)), [{ file: second.id, rows: 5 }])
  t.match(await run(), [
    { file: second.id, kept: true },
    { file: first.id, removed: true },
  ])
  await t.rejects(run('--file', 'x'), { code: 2 })
})
