/**
 * Whole files out: rows per second and memory of each format, while searches go on beside; and what changed between two
 * filings of a hospital with a million rates each.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { build } from '@glimmr/core/server'
import { insertRates } from '@glimmr/dev/rate-blocks'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { createTestDatabase } from '@glimmr/dev/testing'
import { execute, one, type Pool } from '@glimmr/lib/db'
import { createLog } from '@glimmr/lib/run-service'
import { sql } from '@glimmr/lib/sql'
import { Pool as HttpPool } from 'undici'
import { type Figure, percentile, printFigures } from './figures.ts'
import { fillPrices } from './prices-data.ts'

const endings: (() => unknown)[] = []
const db = await createTestDatabase({ teardown: handler => endings.push(handler) })
const headers = (tokens: ReturnType<typeof createTestTokens>) =>
  tokens.header({ organisation: '5f0c0000-0000-4000-8000-000000000001' })

/** The large file again, as the next filing of its hospital: one rate in a hundred costs more, one item is gone, one new. */
async function nextFiling(pool: Pool): Promise<{ from: number; to: number; hospital: string }> {
  const { id: from, hospital_id: hospital } = await one<{ id: number; hospital_id: string }>(
    pool,
    sql`select id, hospital_id from prices.files where id = 2`,
  )
  await execute(pool, sql`update prices.files set status = 'superseded', superseded_at = now() where id = 2`)
  const { id: to } = await one<{ id: number }>(
    pool,
    sql`
      insert into prices.files (organisation_id, hospital_id, sha256, filename, size_bytes, status, published_at, items_count, rates_count)
      select organisation_id, hospital_id, md5('next') || md5('filing'), filename, size_bytes, 'published', now(), items_count, rates_count
      from prices.files where id = 2 returning id`,
  )
  const by = (to - from) * 2 ** 32
  const ofLarge = sql`between ${from * 2 ** 32} and ${(from + 1) * 2 ** 32 - 1}`
  for (const statement of [
    sql`insert into prices.items (id, file_id, row_number, description, byte_offset, byte_length)
      select id + ${by}, ${to}, row_number, description, byte_offset, byte_length from prices.items where id ${ofLarge} order by id`,
    sql`insert into prices.item_codes (item_id, ordinal, file_id, code, code_type, code_normalised)
      select item_id + ${by}, ordinal, ${to}, case when row_number = 100 then 'NEW' else code end, code_type,
        case when row_number = 100 then 'NEW' else code_normalised end
      from prices.item_codes k join prices.items i on i.id = k.item_id where item_id ${ofLarge} order by 1, 2`,
    sql`insert into prices.charges (id, item_id, file_id, row_number, setting, gross, discounted_cash, minimum, maximum)
      select id + ${by}, item_id + ${by}, ${to}, row_number, setting, gross, discounted_cash, minimum, maximum
      from prices.charges where id ${ofLarge} order by id`,
    insertRates(
      sql`select id + ${by} as id, charge_id + ${by} as charge_id, ${to}::int as file_id, row_number, plan_id,
        negotiated_dollar + case when id % 100 = 0 then 1 else 0 end as negotiated_dollar, methodology
      from prices.rates where charge_id ${ofLarge}`,
      ['negotiated_dollar', 'methodology'],
    ),
  ])
    await execute(pool, statement)
  return { from, to, hospital }
}

try {
  await fillPrices(db.pool)
  const { from, to, hospital } = await nextFiling(db.pool)
  const { rates } = await one<{ rates: number }>(
    db.pool,
    sql`select rates_count::float8 as rates from prices.files where id = ${to}`,
  )
  const tokens = createTestTokens()
  const app = await build({
    databaseUrl: db.urlFor('glimmr_core'),
    jwks: tokens.jwks,
    log: createLog('error'),
  })
  endings.push(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = new HttpPool(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, {
    connections: 4,
  })
  endings.push(() => client.close())

  const figures: Figure[] = []
  const read = async (path: string) => {
    const before = process.memoryUsage.rss()
    let most = before
    let bytes = 0
    let tail = ''
    const started = performance.now()
    const answer = await client.request({ method: 'GET', path, headers: headers(tokens), bodyTimeout: 0 })
    answer.body.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      tail = chunk.subarray(-300).toString('latin1')
      most = Math.max(most, process.memoryUsage.rss())
    })
    await once(answer.body, 'end')
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${tail}`)
    return { seconds: (performance.now() - started) / 1000, bytes, megabytes: (most - before) / 1e6, tail }
  }
  /** How long searches take as long as `work` goes on. */
  const searching = async (work: Promise<unknown>): Promise<number> => {
    const times: number[] = []
    let going = true
    const ended = work.finally(() => {
      going = false
    })
    for (let n = 0; going; n++) {
      const started = performance.now()
      const path = `/v1/core/prices?code=${10_000 + ((n * 7) % 3_000)}&code_type=CPT`
      await (await client.request({ method: 'GET', path, headers: headers(tokens) })).body.dump()
      times.push(performance.now() - started)
    }
    await ended
    return percentile(
      times.sort((a, b) => a - b),
      0.95,
    )
  }

  for (const format of ['csv', 'ndjson', 'parquet']) {
    const { seconds, bytes, megabytes } = await read(`/v1/core/files/${to}/export?format=${format}`)
    figures.push({ name: `${format}: rows a second`, value: rates / seconds, unit: '1/s' })
    figures.push({ name: `${format}: size`, value: bytes / 1e6, unit: 'MB' })
    figures.push({
      name: `${format}: memory beyond what was`,
      value: megabytes,
      unit: 'MB',
      target: { bound: 256, less: true },
    })
  }
  const exporting = read(`/v1/core/files/${to}/export?format=parquet`)
  figures.push({
    name: 'searches beside a Parquet export: p95',
    value: await searching(exporting),
    unit: 'ms',
  })
  const diff = `/v1/core/hospitals/${hospital}/diff?from=${from}&to=${to}`
  const lines = await read(`${diff}&format=ndjson`)
  figures.push({ name: `diff of two files of ${rates} rates`, value: lines.seconds, unit: 's' })
  figures.push({
    name: 'diff: memory beyond what was',
    value: lines.megabytes,
    unit: 'MB',
    target: { bound: 256, less: true },
  })
  const page = await read(diff)
  figures.push({ name: 'diff: first page', value: page.seconds * 1000, unit: 'ms' })
  const one_ = await read(`${diff}&code=99213&code_type=CPT`)
  figures.push({ name: 'diff: first page of one code', value: one_.seconds * 1000, unit: 'ms' })
  printFigures(figures, process.argv.includes('--json'))
  console.error(lines.tail.slice(lines.tail.lastIndexOf('{"summary"')).trim())
} finally {
  for (const ending of endings.reverse()) await ending()
}
