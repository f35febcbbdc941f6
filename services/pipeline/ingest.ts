/** `npm run ingest -- FILE… [--json]`: price files through the real pipeline into a scratch database, a line a file. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ingest, type Line } from './ingest-file.ts'
import { openScratch } from './scratch.ts'

const help = `npm run ingest -- FILE… [--json]

Loads hospital price files (tall or wide CSV, JSON; plain, .gz or .zip) into a database that is made for this run and
removed after it, and says what became of each.

  --json   one line of JSON a file: file, verdict (valid, invalid, rejected), layout, template_version, encoding, seen,
           loaded, rejected, items, charges, rates, findings {rule: count}, bytes (decompressed), ms, mb_per_s, rss_mb,
           sum_negotiated_dollar, sum_negotiated_percentage (exact, over what was published), error
  --help   this text
`

function show(line: Line): string {
  if (line.error) return `${line.file}: rejected. ${line.error}`
  const what = `${line.layout} ${line.template_version}, ${line.encoding}, ${line.verdict}`
  const counts = `${line.seen} rows: ${line.loaded} loaded, ${line.rejected} rejected; ${line.items} items, ${line.charges} charges, ${line.rates} rates`
  const found = Object.entries(line.findings)
    .map(([rule, count]) => `\n  ${count} × ${rule}`)
    .join('')
  return `${line.file}: ${what}; ${counts}; ${line.mb_per_s} MB/s, ${line.rss_mb} MB${found}`
}

function toJson({ file_id: _fileId, ...line }: Line): string {
  return JSON.stringify(line)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help || positionals.length === 0) {
    process.stdout.write(help)
    return values.help ? 0 : 2
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('interrupted')))
  const scratch = await openScratch()
  let failed = 0
  try {
    for (const path of positionals) {
      try {
        const line = await ingest(resolve(path), scratch, { signal: stop.signal })
        process.stdout.write(`${values.json ? toJson(line) : show(line)}\n`)
      } catch (error) {
        failed++
        process.stderr.write(`${path}: ${error instanceof Error ? error.message : String(error)}\n`)
        if (stop.signal.aborted) break
      }
    }
  } finally {
    await scratch.close()
  }
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
