/**
 * `npm run export -- --out DIR [--hospital ID] [--file ID]`: the current prices as Parquet, partitioned by state and code
 * type. Repeated, it writes what is new and takes away what was superseded. A JSON line a file. Needs DATABASE_URL of
 * glimmr_core; of a platform from `make start`, `.data/platform.json` has it.
 */
import { parseArgs } from 'node:util'
import { readConfig } from '@glimmr/lib/config'
import { createPool, rows } from '@glimmr/lib/db'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { removeOthers, type TreeFile, writeFileTree } from './write-tree.ts'

const { values } = parseArgs({
  options: { out: { type: 'string' }, hospital: { type: 'string' }, file: { type: 'string' } },
})
const chosen = z
  .object({
    out: z.string().min(1),
    hospital: z.uuid().optional(),
    file: z.coerce.number().int().min(1).optional(),
  })
  .safeParse(values)
if (!chosen.success) {
  console.error('npm run export -- --out DIR [--hospital ID] [--file ID]')
  process.exit(2)
}
const { out, hospital, file } = chosen.data
const { DATABASE_URL: url } = readConfig(z.object({ DATABASE_URL: z.string() }), process.env)
const pool = createPool({ url, name: 'glimmr_export', max: 2 })
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error('the export was stopped')))
try {
  const files = await rows<TreeFile>(
    pool,
    sql`
      select f.id, f.sha256, h.state from prices.files f join core.hospitals h on h.id = f.hospital_id
      where f.status = 'published' ${hospital ? sql`and f.hospital_id = ${hospital}` : empty}
        ${file ? sql`and f.id = ${file}` : empty}
      order by f.id`,
  )
  for (const one of files) {
    const started = performance.now()
    const written = await writeFileTree(pool, one, { dir: out, signal: stop.signal })
    const ms = Math.round(performance.now() - started)
    console.log(
      JSON.stringify(
        written === undefined ? { file: one.id, kept: true } : { file: one.id, rows: written, ms },
      ),
    )
  }
  // A choice says nothing of the files that were not asked for.
  if (!hospital && !file)
    for (const gone of await removeOthers(out, new Set(files.map(({ id }) => id))))
      console.log(JSON.stringify({ file: gone, removed: true }))
} finally {
  await pool.end()
}
