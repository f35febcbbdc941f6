/** What takes long: 10 GB in one file, and the speed of loads and searches when 100 million rates are there already. */
import type { AddressInfo } from 'node:net'
import { build } from '@glimmr/core/server'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { execute, rows } from '@glimmr/lib/db'
import { createLog } from '@glimmr/lib/run-service'
import { sql } from '@glimmr/lib/sql'
import { Pool as HttpPool } from 'undici'
import { type Figure, percentile } from './figures.ts'
import type { Database } from './ingest-database.ts'
import type { Files } from './ingest-files.ts'
import { type Load, load, mbPerSecond, medianLoad } from './ingest-loads.ts'

type Setting = { database: Database; files: Files }

/** One file of 10 GB: its speed, and its memory beside that of a file of 300 MB. */
export async function largeFile({ database, files }: Setting, sizeBytes: number): Promise<Figure[]> {
  const memory: number[] = []
  let speed = 0
  for (const size of [300e6, sizeBytes]) {
    const path = await files.make({ layout: 'tall', sizeBytes: size, seed: 5 })
    const warmUp = await files.warmUp({ layout: 'tall' })
    const loaded = await medianLoad(database, { paths: [path], warmUp, runs: 1 })
    await files.remove(path)
    memory.push(loaded.rssMb)
    speed = mbPerSecond(loaded)
  }
  const [small = Number.NaN, large = Number.NaN] = memory
  const name = `tall of ${sizeBytes / 1e9} GB`
  return [
    { name, value: speed, unit: 'MB/s', target: { bound: 100, less: false } },
    {
      name: `${name}: memory`,
      value: large,
      unit: 'MB',
      target: { bound: 256, less: true },
      peer: { name: 'one of 300 MB', value: small },
    },
  ]
}

/** Files of other hospitals until `rates` are there: rows per second of the last beside the first, and what a search takes. */
export async function manyRates({ database, files }: Setting, rates: number): Promise<Figure[]> {
  await database.empty()
  const speeds: number[] = []
  let present = 0
  const warmUp = await files.warmUp({ layout: 'wide', plans: 413 })
  for (let seed = 100; present < rates; seed++) {
    const path = await files.make({ layout: 'wide', sizeBytes: 150e6, seed, plans: 413 })
    const loaded: Load = await load(database, { paths: [path], warmUp })
    await files.remove(path)
    present += loaded.rates
    speeds.push((loaded.rates / loaded.ms) * 1000)
  }
  await execute(database.pool, sql`vacuum analyze`)
  const first = median(speeds.slice(0, 3))
  const last = median(speeds.slice(-3))
  return [
    { name: 'rates present', value: present, unit: 'rows' },
    {
      name: 'rates a second with them, of those without',
      value: last / first,
      unit: '',
      target: { bound: 0.8, less: false },
      peer: { name: 'an empty database', value: 1 },
    },
    ...(await searches(database)),
  ]
}

function median(values: number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** GET /v1/core/prices?code= over HTTP, another code every time. */
async function searches(database: Database): Promise<Figure[]> {
  const tokens = createTestTokens()
  const app = await build({
    databaseUrl: database.urlFor('glimmr_core'),
    jwks: tokens.jwks,
    log: createLog('error'),
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = new HttpPool(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, {
    connections: 1,
  })
  try {
    const headers = tokens.header({ organisation: '5f0c0000-0000-4000-8000-000000000001' })
    const codes = await rows<{ code: string }>(
      database.pool,
      sql`select distinct code from prices.item_codes where code_type in ('CPT', 'RC', 'MS-DRG') order by 1 limit 20000`,
    )
    const times: number[] = []
    for (let round = 0; round < 520; round++) {
      const code = codes[(round * 7919) % codes.length]?.code ?? ''
      const started = performance.now()
      const path = `/v1/core/prices?code=${encodeURIComponent(code)}`
      const answer = await client.request({ method: 'GET', path, headers })
      await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`)
      if (round >= 20) times.push(performance.now() - started)
    }
    const sorted = times.toSorted((a, b) => a - b)
    return [
      { name: 'GET /v1/core/prices?code=: p50', value: percentile(sorted, 0.5), unit: 'ms' },
      {
        name: 'GET /v1/core/prices?code=: p95',
        value: percentile(sorted, 0.95),
        unit: 'ms',
        target: { bound: 10, less: true },
      },
    ]
  } finally {
    await client.close()
    await app.close()
  }
}
