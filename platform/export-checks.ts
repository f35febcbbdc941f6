/**
 * Real files through the pipeline and out again by core's exports, counted and summed by DuckDB: `npm run check:exports [-- 16 …]`.
 * The files lie beside the checkout (`../shared/mrf`, or GLIMMR_SHARED) and may be absent. Last line: `N passed, N failed`.
 */
import { createWriteStream, existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { openDuckdb } from '@glimmr/core/export/test-duckdb'
import { build as buildCore } from '@glimmr/core/server'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { createTestDatabase } from '@glimmr/dev/testing'
import { readArguments } from '@glimmr/lib/command'
import { ingest } from '@glimmr/pipeline/ingest-file'
import { comparePrices } from '@glimmr/pipeline/load/same-prices'
import { createLoadThreads } from '@glimmr/pipeline/load/thread'
import { pino } from 'pino'

const folder = join(
  resolve(process.env.GLIMMR_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url))),
  'mrf',
)
/** The three layouts, small and large; what they hold is taken from the ingest itself, which has checks of its own. */
const { positionals: asked } = readArguments(
  {},
  `Real price files (../shared/mrf beside the checkout, or GLIMMR_SHARED) through all three exports, summed by DuckDB.

  npm run check:exports -- [NUMBER …]`,
)
const chosen = asked.length > 0 ? asked : ['01', '02', '03', '15', '16', '19', '25', '27']

const endings: (() => unknown)[] = []
const t = { teardown: (handler: () => unknown) => endings.push(handler) }
let passed = 0
let failed = 0

function check(what: string, found: unknown, wanted: unknown): void {
  const right = JSON.stringify(found) === JSON.stringify(wanted)
  if (right) passed++
  else failed++
  console.log(
    `${right ? 'ok' : 'not ok'} - ${what}${right ? '' : `: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`}`,
  )
}

async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'glimmr-exports-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const db = await createTestDatabase(t)
  const pipelinePool = db.poolFor('glimmr_pipeline')
  const threads = createLoadThreads()
  t.teardown(() => threads.close())
  const scratch = { url: db.urlFor('glimmr_pipeline'), pool: db.pool, threads }
  const tokens = createTestTokens()
  const core = await buildCore({
    databaseUrl: db.urlFor('glimmr_core'),
    log: pino({ level: 'silent' }),
    jwks: tokens.jwks,
  })
  t.teardown(() => core.close())
  const url = await core.listen({ port: 0, host: '127.0.0.1' })
  const query = await openDuckdb(t)
  const headers = tokens.header({ organisation: '00000000-0000-4000-8000-000000000001' })
  for (const name of readdirSync(folder).sort()) {
    if (!chosen.includes(name.slice(0, 2))) continue
    const line = await ingest(join(folder, name), scratch, { signal: new AbortController().signal })
    for (const format of ['parquet', 'csv', 'ndjson']) {
      const started = performance.now()
      const answer = await fetch(`${url}/v1/core/files/${line.file_id}/export?format=${format}`, { headers })
      const path = join(dir, `export.${format}`)
      if (!answer.body) throw new Error('an answer without a body')
      await pipeline(Readable.fromWeb(answer.body), createWriteStream(path))
      const seconds = (performance.now() - started) / 1000
      const [found] = await query(sums(format, path))
      check(
        `${name}: ${format}, ${line.rates} rates in ${seconds.toFixed(1)} s`,
        [found?.rates, Number(found?.dollars ?? 0)],
        [String(line.rates), Number(line.sum_negotiated_dollar ?? 0)],
      )
    }
    const started = performance.now()
    await comparePrices(pipelinePool, line.file_id)
    console.log(`  compared with earlier files in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
}

/** Exact: amounts are decimals in all three. */
function sums(format: string, path: string): string {
  const from = {
    parquet: `read_parquet('${path}')`,
    csv: `read_csv('${path}', header = true, all_varchar = true, quote = '"', escape = '"', strict_mode = true, max_line_size = 20000000)`,
    ndjson: `read_json('${path}', format = 'newline_delimited', columns = {price_id: 'VARCHAR', payer: 'VARCHAR', negotiated_dollar: 'DECIMAL(30,10)'}, maximum_object_size = 20000000)`,
  }[format]
  return `select count(*) filter (price_id not like '%-0')::varchar as rates,
    sum(negotiated_dollar::decimal(30, 10))::varchar as dollars from ${from}`
}

if (existsSync(folder)) {
  try {
    await main()
  } finally {
    for (const end of endings.reverse()) await end()
  }
} else console.log(`skipped: there are no price files in ${folder}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
