/**
 * GraphQL beside PostGraphile 5 and beside a bare server that passes one prepared statement through: the same PostgreSQL,
 * the same data, the same run, each server in a process of its own. Then what only the engine has: planning, live
 * queries, a large schema.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startScratchPostgres } from '@glimmr/dev/scratch-postgres'
import { createEngine } from '@glimmr/engine/engine'
import autocannon from 'autocannon'
import pg from 'pg'
import { type Figure, percentile, printFigures } from './figures.ts'
import { fillMusic, metadata, type Question, questions, role } from './graphql-data.ts'
import { refreshLiveQueries } from './graphql-live.ts'

const json = process.argv.includes('--json')
const seconds = 2
const rounds = 5
const clients = 8

type Measured = { perSecond: number; p99: number }
const kinds = ['bare', 'engine', 'postgraphile'] as const
type Kind = (typeof kinds)[number]

const postgres = await startScratchPostgres('bench-graphql')
const pool = new pg.Pool({ connectionString: postgres.url('postgres'), max: 8 })
// The server ends what is still open when the bench ends.
pool.on('error', () => undefined)
const children: ChildProcess[] = []
try {
  await fillMusic(pool)
  const figures: Figure[] = []
  const urls = {
    bare: await startServer('bare'),
    engine: await startServer('engine'),
    postgraphile: await startServer('postgraphile'),
  }
  for (const [number, question] of questions.entries())
    figures.push(...compared(question.name, await measure(urls, question, number)))
  for (const child of children.splice(0)) child.kill()
  figures.push(await planning())
  figures.push({
    name: '10,000 live queries of 100 shapes: all told after a write',
    value: await refreshLiveQueries(pool),
    unit: 'ms',
    target: { bound: 1_000, less: true },
  })
  figures.push(...(await largeSchema()))
  printFigures(figures, json)
} finally {
  for (const child of children) child.kill()
  await pool.end()
  await postgres.stop()
}

async function startServer(kind: Kind): Promise<string> {
  const file = fileURLToPath(new URL('graphql-server.ts', import.meta.url))
  const env = { ...process.env, NODE_ENV: 'production', GRAPHILE_ENV: 'production' }
  const child = fork(file, [kind, postgres.url('postgres')], { env })
  children.push(child)
  const [port] = await once(child, 'message')
  return `http://127.0.0.1:${port}`
}

type Round = Record<Kind, Measured>

/** The servers take turns within each round, so that what else the machine does meets all of them. */
async function measure(urls: Record<Kind, string>, question: Question, number: number): Promise<Round[]> {
  await checkAnswers(urls, question, number)
  for (const kind of kinds) await load(targetOf(urls, kind, question, number), 2)
  const measured: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const once = (kind: Kind) => load(targetOf(urls, kind, question, number), seconds)
    measured.push({
      bare: await once('bare'),
      engine: await once('engine'),
      postgraphile: await once('postgraphile'),
    })
  }
  return measured
}

function medianOf(measured: Round[], of: (round: Round) => number): number {
  const sorted = measured.map(of).toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

type Target = { url: string; body: string }

function targetOf(urls: Record<Kind, string>, kind: Kind, question: Question, number: number): Target {
  const path = { bare: `/${number}`, engine: '/v1/graphql', postgraphile: '/graphql' }[kind]
  const query = kind === 'postgraphile' ? question.postgraphile : question.engine
  return { url: `${urls[kind]}${path}`, body: JSON.stringify({ query }) }
}

async function load({ url, body }: Target, duration: number): Promise<Measured> {
  const headers = { 'content-type': 'application/json' }
  const { requests, latency, non2xx, errors } = await autocannon({
    url,
    method: 'POST',
    headers,
    body,
    connections: clients,
    duration,
  })
  if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} failed`)
  return { perSecond: requests.average, p99: latency.p99 }
}

/** A server that answers something else is not compared. */
async function checkAnswers(urls: Record<Kind, string>, question: Question, number: number): Promise<void> {
  const counts = new Set<number>()
  for (const kind of kinds) {
    const { url, body } = targetOf(urls, kind, question, number)
    const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    const text = await answer.text()
    counts.add((text.match(/"milliseconds"/g) ?? []).length)
    if (kind !== 'postgraphile') counts.add(JSON.stringify(JSON.parse(text)).length * -1)
  }
  if (counts.size !== 2)
    throw new Error(`the servers do not answer the same to ${question.name}: ${[...counts].join(' ')}`)
}

/** Medians of what each round gives, ratios as well: a slow minute is slow for all three. */
function compared(name: string, measured: Round[]): Figure[] {
  const times = name.startsWith('simple') ? 3 : 2
  const perSecond = (kind: Kind) => medianOf(measured, round => round[kind].perSecond)
  const p99 = (kind: Kind) => medianOf(measured, round => round[kind].p99)
  return [
    { name, value: perSecond('engine'), unit: 'requests/s' },
    {
      name: '  of the bare server',
      value: medianOf(measured, ({ engine, bare }) => (100 * engine.perSecond) / bare.perSecond),
      unit: '%',
      target: { bound: 80, less: false },
      peer: { name: `its ${Math.round(perSecond('bare'))} requests/s`, value: 100 },
    },
    {
      name: '  times PostGraphile',
      value: medianOf(measured, ({ engine, postgraphile }) => engine.perSecond / postgraphile.perSecond),
      unit: '×',
      target: { bound: times, less: false },
      peer: { name: `its ${Math.round(perSecond('postgraphile'))} requests/s`, value: 1 },
    },
    {
      name: '  p99',
      value: p99('engine'),
      unit: 'ms',
      // Whole milliseconds are what the load generator knows.
      target: { bound: p99('postgraphile') + 1, less: true },
      peer: { name: 'PostGraphile', value: p99('postgraphile') },
    },
  ]
}

/** Parse, plan and print of a document that was never seen: each one has a name of its own. */
async function planning(): Promise<Figure> {
  const engine = await createEngine({ metadata, pools: { default: pool } })
  const session = { role, vars: {} }
  const times: number[] = []
  for (let n = 0; n < 2_000; n++) {
    const query = `query q${n} ${questions[1]?.engine}`
    const begin = performance.now()
    engine.explain({ body: { query }, session })
    times.push(performance.now() - begin)
  }
  await engine.close()
  const warm = times.slice(500).toSorted((left, right) => left - right)
  return {
    name: 'uncached plan of the nested query: p50',
    value: percentile(warm, 0.5),
    unit: 'ms',
    target: { bound: 1, less: true },
  }
}

async function largeSchema(): Promise<Figure[]> {
  await pool.query('create database large')
  const file = fileURLToPath(new URL('graphql-large.ts', import.meta.url))
  const child = fork(file, [postgres.url('large')], { execArgv: ['--expose-gc'] })
  children.push(child)
  const [{ startMs, rssMb }] = (await once(child, 'message')) as [{ startMs: number; rssMb: number }]
  return [
    {
      name: '1,000 tables × 50 roles: start',
      value: startMs,
      unit: 'ms',
      target: { bound: 2_000, less: true },
    },
    { name: '1,000 tables × 50 roles: RSS', value: rssMb, unit: 'MB', target: { bound: 300, less: true } },
  ]
}
