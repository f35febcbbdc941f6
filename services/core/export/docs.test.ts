import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestDatabase } from '@glimmr/dev/testing'
import t from 'tap'
import { columns } from './columns.ts'
import { openDuckdb } from './test-duckdb.ts'
import { writeFileTree } from './write-tree.ts'

const page = await readFile(new URL('../../../docs/exports.md', import.meta.url), 'utf8')
const section = (name: string) => page.split(`## ${name}\n`)[1]?.split('\n## ')[0] ?? ''

const item = (dollars: string[]): SeedItem => ({
  codes: [['70551', 'CPT']],
  charges: [
    {
      setting: 'outpatient',
      gross: '1000',
      rates: dollars.map((dollar, n) => ({ payer: 'Aetna', plan: `Plan ${n}`, dollar })),
    },
  ],
})

t.test('the statements for DuckDB run as they stand, and say what they promise', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'glimmr-docs-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const db = await createTestDatabase(t)
  const organisation = await seedOrganisation(db.pool, 'Own')
  const pool = db.poolFor('glimmr_core')
  for (const [state, dollars] of [
    ['TX', ['100', '200', '300']],
    ['MA', ['400', '500', '900']],
  ] as const) {
    const { file_id } = await seedFile(db.pool, {
      organisation,
      hospital: `In ${state}`,
      state,
      items: [item([...dollars])],
    })
    await writeFileTree(pool, file_id, { dir, signal: new AbortController().signal })
  }
  const query = await openDuckdb(t)
  const statements = [...section('DuckDB').matchAll(/```sql\n(.*?)```/gs)].map(match =>
    String(match[1]).replaceAll('DIR', dir),
  )
  t.equal(statements.length, 3)
  const results = []
  for (const statement of statements) results.push(await query(statement))
  t.match(results[0], [
    { state: 'MA', payer_class: 'commercial', prices: '3', median: '500.000000' },
    { state: 'TX', prices: '3', median: '200.000000' },
  ])
  t.match(results[1], [
    { hospital: 'In TX', canonical_payer: 'aetna', share_of_gross: 0.2 },
    { hospital: 'In MA', share_of_gross: 0.6 },
  ])
  t.match(await query('select count(*) as n from prices'), [{ n: '6' }])
})

t.test('the table for Trino has the columns of the files', async t => {
  const table = /create table hive\.glimmr\.prices \((.*?)\) with/s.exec(section('Trino'))?.[1] ?? ''
  const told = table.split(/,(?!\d)/).map(column => column.trim().replaceAll('"', '').split(' '))
  const types = {
    text: 'varchar',
    integer: 'integer',
    decimal: 'decimal(18,6)',
    date: 'date',
    boolean: 'boolean',
  }
  const parted = ['state', 'code_type']
  const wanted = [
    ...columns.filter(([name]) => !parted.includes(name)).map(([name, type]) => [name, types[type]]),
    ['rounded', 'varchar'],
    ...parted.map(name => [name, 'varchar']),
  ]
  t.same(told, wanted)
})
