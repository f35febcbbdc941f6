/** `npm run ingest -- FILE… [--json]`: price files through the real pipeline into a scratch database, a line a file. */
import { basename, resolve } from 'node:path'
import { misused, readArguments } from '@glimmr/lib/command'
import { ingest, type Line } from './ingest-file.ts'
import { openScratch } from './scratch.ts'

const help = `npm run ingest -- FILE… [--json]

Loads hospital price files (tall or wide CSV, JSON; plain, .gz or .zip) into a database that is made for this run and
removed after it, and says what became of each.

  --json   one line of JSON a file: file, verdict (valid, invalid, rejected; null where it could not be read, and error says
           why), layout, template_version, encoding, seen, loaded, rejected, items, charges, rates, findings {rule: count},
           bytes (decompressed), ms, mb_per_s, rss_mb, cpu_s (of this process, without the server's),
           sum_negotiated_dollar, sum_negotiated_percentage (exact, over what was published), error
  --help   this text`

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

/** A file that could not be read at all (not there, not allowed) has a line as well. */
function unread(path: string, error: string): Line {
  const nothing = {
    file_id: 0,
    seen: 0,
    loaded: 0,
    rejected: 0,
    items: 0,
    charges: 0,
    rates: 0,
    bytes: 0,
    ms: 0,
    mb_per_s: 0,
    cpu_s: 0,
  }
  const unknown = { layout: null, template_version: null, encoding: null }
  const sums = { sum_negotiated_dollar: null, sum_negotiated_percentage: null }
  const rss_mb = Math.round(process.memoryUsage().rss / 1e6)
  return {
    file: basename(path),
    verdict: null,
    ...unknown,
    ...nothing,
    findings: {},
    rss_mb,
    ...sums,
    error,
  }
}

function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a folder, not a file'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  return error instanceof Error ? error.message : String(error)
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments({ json: { type: 'boolean' } }, help)
  if (positionals.length === 0) misused('Give one file or more.', help)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('interrupted')))
  process.stdout.once('error', () => stop.abort(new Error('nobody reads what it says')))
  const scratch = await openScratch()
  let failed = 0
  try {
    for (const path of positionals) {
      try {
        const line = await ingest(resolve(path), scratch, { signal: stop.signal })
        process.stdout.write(`${values.json ? toJson(line) : show(line)}\n`)
      } catch (error) {
        failed++
        const message = sentenceOf(error)
        if (values.json) process.stdout.write(`${toJson(unread(path, message))}\n`)
        else process.stderr.write(`${path}: ${message}\n`)
        if (stop.signal.aborted) break
      }
    }
  } finally {
    await scratch.close()
  }
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
