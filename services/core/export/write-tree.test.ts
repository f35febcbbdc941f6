import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestDatabase } from '@glimmr/dev/testing'
import t, { type Test } from 'tap'
import { openDuckdb } from './test-duckdb.ts'
import { removeOthers, writeFileTree } from './write-tree.ts'

async function setUp(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'glimmr-tree-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const db = await createTestDatabase(t)
  const organisation = await seedOrganisation(db.pool, 'Own')
  const pool = db.poolFor('glimmr_core')
  const seed = async (state: string, items: SeedItem[]): Promise<number> =>
    (await seedFile(db.pool, { organisation, items, state })).file_id
  const write = (file: number) => writeFileTree(pool, file, { dir, signal: new AbortController().signal })
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
    await rm(join(dir, '_glimmr', `file-${first}.json`))
    t.equal(await write(first), 5, 'without its mark a file is not known to be whole')
    await write(second)
    t.same(await removeOthers(dir, new Set([second])), [first])
    t.same(await query('select distinct file_id from prices'), [{ file_id: second }])
    t.notOk(existsSync(join(dir, '_glimmr', `file-${first}.json`)))
  },
)

t.test(
  'what is known of payers and hospitals since is written too, and nothing that would be the same',
  async t => {
    const { db, dir, seed, write, query } = await setUp(t)
    const first = await seed('TX', [
      { codes: [['1', 'CPT']], charges: [{ rates: [{ payer: 'Embassy of Qatar', dollar: '1' }] }] },
    ])
    const second = await seed('MA', items)
    for (const file of [first, second]) await write(file)
    await db.pool.query(`
    insert into core.canonical_payers (slug, name) values ('qatar', 'Qatar');
    insert into core.payer_rules (kind, target, match, phrase) values ('payer', 'qatar', 'contains', 'embassy of qatar');
    select core.match_plans()`)
    t.equal(await write(first), 1)
    t.equal(await write(second), undefined, 'none of its payers is another')
    t.same(await query(`select payer, canonical_payer from prices where file_id = ${first}`), [
      { payer: 'Embassy of Qatar', canonical_payer: 'qatar' },
    ])
    await db.pool.query(
      "update core.hospitals set state = 'OK' where id = (select hospital_id from prices.files where id = $1)",
      [first],
    )
    t.equal(await write(first), 1)
    t.same(await query('select state, count(*) as n from prices group by all order by all'), [
      { state: 'MA', n: '5' },
      { state: 'OK', n: '1' },
    ])
    t.same(await readdir(join(dir, 'state=TX', 'code_type=CPT')), [], 'it moved, and stands once')
    t.equal(await write(first), undefined)
  },
)

t.test('what a killed run has put in its place already is known to the next one', async t => {
  const { dir, seed, write, query } = await setUp(t)
  const file = await seed('TX', items)
  await write(file)
  const mark = join(dir, '_glimmr', `file-${file}.json`)
  const { partitions } = JSON.parse(await readFile(mark, 'utf8'))
  await writeFile(mark, JSON.stringify({ sha256: '', rows: 5, partitions }))
  t.equal(await write(file), 5, 'written again')
  t.same(await query('select count(*) as found from prices'), [{ found: '5' }])
  await writeFile(mark, JSON.stringify({ sha256: '', rows: 5, partitions }))
  t.same(await removeOthers(dir, new Set()), [file])
  const left = (await readdir(dir, { recursive: true })).filter(name => name.endsWith('.parquet'))
  t.same(left, [], 'superseded meanwhile: nothing of it counts twice')
})

t.test('an export that is stopped leaves nothing that looks whole, and what was there before', async t => {
  const { db, dir, seed, write, query } = await setUp(t)
  const file = await seed('TX', items)
  const stopped = () =>
    writeFileTree(db.poolFor('glimmr_core'), file, { dir, signal: AbortSignal.abort(new Error('stopped')) })
  await t.rejects(stopped(), { message: 'stopped' })
  t.notOk(existsSync(join(dir, '_glimmr')))
  const written = async () =>
    (await readdir(dir, { recursive: true })).filter(name => /\.(parquet|part)$/.test(name))
  t.same(await written(), [])
  await write(file)
  await db.pool.query("update core.hospitals set state = 'OK'")
  await t.rejects(stopped(), { message: 'stopped' })
  t.equal((await written()).length, 4)
  t.same(await query('select distinct state from prices'), [{ state: 'TX' }])
})

t.test('the command writes what is current, and the second time only what is new or another', async t => {
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
  t.match(await run(), [{ file: first, rows: 5 }])
  const second = await seed('MA', items)
  await db.pool.query("update prices.files set status = 'superseded' where id = $1", [first])
  t.match(await run('--file', String(second)), [{ file: second, rows: 5 }])
  t.match(await run(), [
    { file: second, kept: true },
    { file: first, removed: true },
  ])
  await t.rejects(run('--file', 'x'), { code: 2 })
})
