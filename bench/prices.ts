/**
 * Searching prices over HTTP among two million rates: p50, p95 and p99 of kinds of searches, each with other values every
 * time. The target is the 95th percentile of all of them together, and of every kind.
 */
import type { AddressInfo } from 'node:net'
import { build } from '@glimmr/core/server'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { createTestDatabase } from '@glimmr/dev/testing'
import { execute } from '@glimmr/lib/db'
import { createLog } from '@glimmr/lib/run-service'
import { sql } from '@glimmr/lib/sql'
import { Pool as HttpPool } from 'undici'
import { type Figure, percentile, printFigures } from './figures.ts'
import { fillPrices } from './prices-data.ts'

const json = process.argv.includes('--json')
const rounds = 200
const target = { bound: 10, less: true }

const endings: (() => unknown)[] = []
const db = await createTestDatabase({ teardown: handler => endings.push(handler) })
try {
  const { rates, hospital_id } = await fillPrices(db.pool)
  const tokens = createTestTokens()
  const app = await build({
    databaseUrl: db.urlFor('glimmr_core'),
    jwks: tokens.jwks,
    log: createLog('error'),
  })
  endings.push(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = new HttpPool(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, {
    connections: 1,
  })
  endings.push(() => client.close())
  const headers = tokens.header({ organisation: '5f0c0000-0000-4000-8000-000000000001' })
  const get = async (query: string): Promise<{ ms: number; next: string | null; count: number }> => {
    const start = performance.now()
    const answer = await client.request({ method: 'GET', path: `/v1/core/prices?${query}`, headers })
    const text = await answer.body.text()
    const ms = performance.now() - start
    if (answer.statusCode !== 200) throw new Error(`${query}: ${answer.statusCode} ${text}`)
    const { prices, next_cursor } = JSON.parse(text)
    return { ms, next: next_cursor, count: prices.length }
  }
  const timesOf = async (queryOf: (n: number) => string, rounds: number) => {
    for (let round = 0; round < 10; round++) await get(queryOf(round))
    const times: number[] = []
    let count = 0
    for (let round = 0; round < rounds; round++) {
      const answer = await get(queryOf(round))
      times.push(answer.ms)
      count += answer.count
    }
    return { times, mean: Math.round(count / rounds) }
  }
  const figures: Figure[] = [
    { name: 'rates', value: rates, unit: 'rows', target: { bound: 2_000_000, less: false } },
  ]
  const all: number[] = []
  for (const [kind, queryOf] of Object.entries(kinds(hospital_id))) {
    const { times, mean } = await timesOf(queryOf, rounds)
    report(figures, `${kind} (${mean} prices)`, times, target)
    all.push(...times)
  }
  const common = await deepPages(get, 'code=0636&code_type=RC&payer=Payer%201')
  report(figures, 'every page of a code and a hundred payers', common, target)
  report(figures, 'all kinds', all, target)
  // What has no target, but should be known.
  report(figures, 'every page of 500', await deepPages(get, 'code=0636&code_type=RC&limit=500'))
  const never = await timesOf(n => `code=${['0250', '0300'][n % 2]}&code_type=RC&setting=inpatient`, 50)
  report(figures, 'a setting that the code never has', never.times)
  await execute(db.pool, sql`update prices.file_plans set item_groups = null`)
  const plain = await timesOf(n => `code=0636&code_type=RC&plan=plan%20${1541 + (n % 50)}`, 50)
  report(figures, 'a plan that prices none, without item_groups', plain.times)
  printFigures(figures, json)
} finally {
  for (const end of endings.reverse()) await end()
}

/** Searches by kind. `n` counts on, so no two in a row are the same. */
function kinds(hospital: string): Record<string, (n: number) => string> {
  const cpt = (n: number) => 10_000 + ((n * 37) % 3_000)
  const rc = (n: number) => ['0636', '0250', '0272', '0300', '0450'][n % 5]
  return {
    'a CPT of every hospital': n => `code=${cpt(n)}&code_type=CPT`,
    'without its type': n => `code=${cpt(n)}`,
    'a chargemaster code': n => `code=CDM${n * 13}&code_type=CDM`,
    'a code that nobody has': n => `code=X${n}&code_type=CPT`,
    'a code with very many rates': n => `code=${rc(n)}&code_type=RC`,
    'the same and a payer': n => `code=${rc(n)}&code_type=RC&payer=payer%20${(n * 7) % 400}`,
    'the same and a plan of one file': n => `code=${rc(n)}&code_type=RC&plan=plan%20${800 + ((n * 3) % 700)}`,
    'the same and a plan that prices none of them': n =>
      `code=0636&code_type=RC&plan=plan%20${1541 + (n % 50)}`,
    'the same and a payer of the registry': n => `code=${rc(n)}&code_type=RC&canonical_payer=aetna`,
    'the same and a class of payers': n => `code=${rc(n)}&code_type=RC&payer_class=medicaid`,
    'the same and a hospital': n => `code=${rc(n)}&code_type=RC&hospital_id=${hospital}`,
    'the same, inpatient': n => `code=${['0636', '0272', '0450'][n % 3]}&code_type=RC&setting=inpatient`,
  }
}

async function deepPages(
  get: (query: string) => Promise<{ ms: number; next: string | null }>,
  query: string,
) {
  const times: number[] = []
  let cursor: string | null = null
  do {
    const answer: { ms: number; next: string | null } = await get(query + (cursor ? `&cursor=${cursor}` : ''))
    times.push(answer.ms)
    cursor = answer.next
  } while (cursor && times.length < 500)
  return times
}

function report(figures: Figure[], name: string, times: number[], target?: Figure['target']): void {
  const sorted = times.toSorted((a, b) => a - b)
  figures.push({ name: `${name}: p50`, value: percentile(sorted, 0.5), unit: 'ms' })
  figures.push({
    name: `${name}: p95`,
    value: percentile(sorted, 0.95),
    unit: 'ms',
    ...(target && { target }),
  })
  figures.push({ name: `${name}: p99`, value: percentile(sorted, 0.99), unit: 'ms' })
}
