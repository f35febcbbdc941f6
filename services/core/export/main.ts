/**
 * `npm run export`: the current prices as Parquet, partitioned by state and code type. Repeated, it writes what is new or
 * would be another now, and takes away what was superseded. Needs DATABASE_URL of glimmr_core.
 */
import { misused, readOptions, runCommand } from '@glimmr/lib/command'
import { readConfig } from '@glimmr/lib/config'
import { databaseUrl } from '@glimmr/lib/database-url'
import { createPool, type Pool, rows } from '@glimmr/lib/db'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { removeOthers, writeFileTree } from './write-tree.ts'

const help = `Writes the current prices as Parquet that engines read without an import, and keeps them current when it is repeated.

  DATABASE_URL=… npm run export -- --out DIR [--hospital ID] [--file ID]

  --out DIR      DIR/state=TX/code_type=CPT/file-7.parquet; made if it is not there
  --hospital ID  its file alone
  --file ID      this file alone
  --help         this text

DATABASE_URL is that of the role glimmr_core; while \`make start\` runs, postgres_url in .data/platform.json will do.
Prints a line of JSON a file. See docs/exports.md.`

const given = readOptions(
  { out: { type: 'string' }, hospital: { type: 'string' }, file: { type: 'string' } },
  help,
)
const chosen = z
  .object({
    out: z.string('is missing').min(1),
    hospital: z.uuid('is not the id of a hospital').optional(),
    file: z.coerce.number('is not the id of a file').int().min(1).max(2_147_483_647).optional(),
  })
  .safeParse(given)
if (!chosen.success) {
  const [issue] = chosen.error.issues
  misused(`--${String(issue?.path[0])} ${issue?.message}`, help)
}
const { out, hospital, file } = chosen.data

await runCommand(async () => {
  const { DATABASE_URL: url } = readConfig(z.object({ DATABASE_URL: databaseUrl }), process.env)
  const pool = createPool({ url, name: 'glimmr_export', max: 2 })
  try {
    await exportFiles(pool)
  } finally {
    await pool.end()
  }
})

async function exportFiles(pool: Pool): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error('the export was stopped')))
  const files = await currentFiles(pool)
  for (const id of files) {
    const started = performance.now()
    const written = await writeFileTree(pool, id, { dir: out, signal: stop.signal })
    const ms = Math.round(performance.now() - started)
    console.log(
      JSON.stringify(written === undefined ? { file: id, kept: true } : { file: id, rows: written, ms }),
    )
  }
  // A choice says nothing of the files that were not asked for.
  if (hospital || file) return
  for (const gone of await removeOthers(out, new Set(files)))
    console.log(JSON.stringify({ file: gone, removed: true }))
}

async function currentFiles(pool: Pool): Promise<number[]> {
  const files = await rows<{ id: number }>(
    pool,
    sql`
      select f.id from prices.files f
      where f.status = 'published' ${hospital ? sql`and f.hospital_id = ${hospital}` : empty}
        ${file ? sql`and f.id = ${file}` : empty}
      order by f.id`,
  )
  return files.map(({ id }) => id)
}
