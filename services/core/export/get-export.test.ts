import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { columns } from './columns.ts'
import { openDuckdb } from './test-duckdb.ts'

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const reader = { organisation: await seedOrganisation(service.db.pool, 'Reader') }
  const seed = (items: SeedItem[], more = {}) => seedFile(service.db.pool, { organisation, items, ...more })
  const get = (file: number, query: string) => service.call(`/v1/core/files/${file}/export?${query}`, reader)
  return { ...service, organisation, reader, seed, get }
}

const items: SeedItem[] = [
  {
    description: '=HYPERLINK("http://evil")',
    codes: [
      ['0611', 'RC'],
      ['70551', 'HCPCS'],
      ['A1', 'CDM'],
    ],
    charges: [
      {
        setting: 'outpatient',
        modifiers: ['26', 'TC'],
        gross: '3383477532.874180',
        cash: '12.50',
        notes: '+1, "quoted"\nand more',
        rates: [
          {
            payer: '@Acme, Inc',
            plan: 'PPO',
            dollar: '12.50',
            methodology: 'fee schedule',
            count: '1 through 10',
          },
          {
            payer: '-Other',
            plan: null,
            percentage: '70.5',
            algorithm: '70.5% of charges',
            median: '1.0000005',
          },
        ],
      },
      { setting: 'inpatient', gross: '5' },
    ],
  },
  {
    description: 'é ½ 漢',
    codes: [['470', 'MS-DRG']],
    charges: [{ rates: [{ payer: 'Acme', plan: 'HMO', dollar: '-3.10' }] }],
  },
  { description: 'no code at all', charges: [{ cash: '7' }] },
]

/** A reader of its own: RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === '\r\n') rows.push([])
    if (end === '') break
  }
  return rows.filter(row => row.length > 1)
}

t.test('CSV has every price once, and nothing that a spreadsheet would run', async t => {
  const { seed, get } = await core(t)
  const { file_id } = await seed(items)
  const answer = await get(file_id, 'format=csv')
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': /^text\/csv/,
    'content-disposition': `attachment; filename="glimmr-file-${file_id}.csv"`,
  })
  const [header, ...rows] = parseCsv(answer.body)
  t.same(
    header,
    columns.map(([name]) => name),
  )
  t.equal(rows.length, 5)
  const cell = (row: number, name: string) => rows[row]?.[header?.indexOf(name) ?? -1]
  t.equal(cell(0, 'description'), `'=HYPERLINK("http://evil")`)
  t.equal(cell(0, 'payer'), "'@Acme, Inc")
  t.equal(cell(0, 'notes'), `'+1, "quoted"\nand more`)
  t.equal(cell(1, 'payer'), "'-Other")
  t.equal(cell(0, 'gross'), '3383477532.874180')
  t.equal(cell(3, 'negotiated_dollar'), '-3.10', 'an amount is no formula')
  t.same(
    [cell(0, 'code_type'), cell(0, 'code'), cell(0, 'codes')],
    ['CPT', '70551', 'RC 0611|HCPCS 70551|CDM A1'],
  )
  t.same([cell(4, 'code_type'), cell(4, 'code'), cell(4, 'payer')], ['NONE', '', ''])
  t.equal(cell(0, 'modifiers'), '26|TC')
  t.equal(cell(2, 'gross'), '5', 'a charge without any payer is a price too')
})

t.test('NDJSON has the same rows, with the digits that were published', async t => {
  const { seed, get, call, reader } = await core(t)
  const { file_id } = await seed(items)
  const { body } = await get(file_id, 'format=ndjson')
  const lines = body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(lines.length, 5)
  t.match(lines[0], {
    description: '=HYPERLINK("http://evil")',
    payer: '@Acme, Inc',
    negotiated_dollar: 12.5,
    state: 'TX',
  })
  t.ok(body.includes('"negotiated_dollar":12.50,'))
  const price = (await call(`/v1/core/prices/${lines[0].price_id}`, reader)).json()
  t.match(price, { description: lines[0].description, negotiated_dollar: 12.5 })
  const cpt = (await get(file_id, 'format=ndjson&code_type=ms-drg')).body.trim().split('\n')
  t.same(
    cpt.map(line => JSON.parse(line).code),
    ['470'],
  )
})

async function duckdb(t: Test, bytes: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-export-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'export.parquet')
  await writeFile(path, bytes)
  const query = await openDuckdb(t)
  return (statement: string) => query(statement.replace('prices', `read_parquet('${path}')`))
}

t.test('DuckDB reads the Parquet, to the last digit', async t => {
  const { seed, get } = await core(t)
  const { file_id } = await seed(items)
  const answer = await get(file_id, 'format=parquet')
  t.equal(answer.headers['content-type'], 'application/vnd.apache.parquet')
  const query = await duckdb(t, answer.rawPayload)
  t.same(
    (await query('describe select * from prices')).map(({ column_name: name, column_type: type }) => [
      name,
      type,
    ]),
    [
      ...columns.map(([name, type]) => [
        name,
        { text: 'VARCHAR', integer: 'INTEGER', decimal: 'DECIMAL(18,6)', date: 'DATE' }[type],
      ]),
      ['rounded', 'VARCHAR'],
    ],
  )
  t.same(
    await query(
      'select count(*) as n, sum(negotiated_dollar) as sum, max(gross) as gross, max(last_updated_on) as day from prices',
    ),
    [{ n: '5', sum: '9.400000', gross: '3383477532.874180', day: '2026-06-01' }],
  )
  t.same(await query("select median, rounded from prices where payer = '-Other'"), [
    { median: '1.000001', rounded: 'median=1.0000005' },
  ])
  t.same(await query("select description from prices where code_type = 'MS-DRG'"), [
    { description: 'é ½ 漢' },
  ])
})

/** Long descriptions, so that few rows are many bytes. */
const large = (count: number, payers = ['A', 'B', 'C'], width = 2_000): SeedItem[] =>
  Array.from({ length: count }, (_, n) => ({
    description: `Item ${n} ${'x'.repeat(width)}`,
    codes: [[String(n), 'CPT']],
    charges: [{ rates: payers.map(payer => ({ payer, dollar: `${n}.25` })) }],
  }))

t.test('many row groups and steps of items give every row once', async t => {
  const { seed, get } = await core(t)
  const payers = Array.from({ length: 10 }, (_, n) => `Payer ${n}`)
  const { file_id } = await seed(large(4_200, payers, 20))
  const query = await duckdb(t, (await get(file_id, 'format=parquet')).rawPayload)
  t.same(
    await query(
      'select count(*) as n, count(distinct price_id) as ids, sum(negotiated_dollar) as sum from prices',
    ),
    [{ n: '42000', ids: '42000', sum: `${10 * ((4_200 * 4_199) / 2) + 10 * 4_200 * 0.25}.000000` }],
  )
})

t.test('a client that stops reading stops the work, and one that goes away ends it', async t => {
  const { app, db, seed, tokens, reader } = await core(t)
  const { file_id } = await seed(large(3_000))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const exporting = async () =>
    (
      await db.pool.query(
        "select from pg_stat_activity where application_name = 'glimmr_export' and datname = current_database()",
      )
    ).rows.length
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(
      { port, path: `/v1/core/files/${file_id}/export?format=ndjson`, headers: tokens.header(reader) },
      resolve,
    )
      .on('error', reject)
      .end()
  })
  t.equal(answer.statusCode, 200)
  answer.pause()
  t.ok((await exporting()) > 0, 'the snapshot waits for the reader')
  answer.destroy()
  for (let tries = 0; (await exporting()) > 0 && tries < 500; tries++) await wait(10)
  t.equal(await exporting(), 0)
})

t.test('what is not published is not exported; at most two of an organisation at once', async t => {
  const { app, seed, get, call, organisation, reader, tokens } = await core(t)
  const { file_id: loading } = await seed(items, { status: 'loading' })
  t.equal((await get(loading, '')).statusCode, 404)
  t.equal((await get(99_999, '')).statusCode, 404)
  const { file_id } = await seed(large(2_000))
  t.equal((await get(file_id, 'format=xlsx')).statusCode, 400)
  const path = `/v1/core/files/${file_id}/export`
  t.equal((await call(path, undefined)).statusCode, 401)
  t.equal((await call(path, { organisation, scopes: ['links:read'] })).statusCode, 403)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const held = await Promise.all(
    [1, 2].map(
      () =>
        new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
          request({ port, path, headers: tokens.header(reader) }, resolve)
            .on('error', reject)
            .end()
        }),
    ),
  )
  t.match(
    held.map(answer => answer.statusCode),
    [200, 200],
  )
  t.match(await get(file_id, ''), { statusCode: 503, headers: { 'retry-after': '10' } })
  t.match(await call(path, { organisation }), { statusCode: 200 }, 'another organisation need not wait')
  for (const answer of held) answer.destroy()
})
