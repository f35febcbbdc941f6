/** `npm run upload -- FILE`: hash, presign, PUT, complete, follow, and a first query. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { followUpload, type UploadState } from './follow-upload.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { help, readOptions, type UploadOptions } from './options.ts'
import { createProgress, grouped, type Progress } from './progress.ts'
import { report } from './report.ts'
import { type Answer, sendFile } from './send-file.ts'

type Presigned =
  | { upload_id: string; method: 'PUT'; url: string; headers: Record<string, string> }
  | { upload_id: string; method: 'MULTIPART'; parts: { size_bytes: number; url: string }[] }

/** The store takes no more in one PUT, and cannot hold a file in parts against its hash. */
const largestHashed = 5 * 1024 ** 3

async function main(): Promise<void> {
  const options = await readOptions(process.argv.slice(2))
  if (options === 'help') return void process.stdout.write(`${help}\n`)
  const progress = createProgress(process.stdout)
  const gateway = createGateway(options)
  const sizeBytes = await fileSize(options.file)
  const hospitalId = options.hospital && (await findHospital(gateway, options.hospital, progress))
  const sha256 = sizeBytes <= largestHashed ? await hash(options.file, sizeBytes, progress) : undefined
  const presigned = await gateway.call<Presigned>('POST', '/v1/media/presign', {
    filename: basename(options.file),
    size_bytes: sizeBytes,
    content_type: contentTypeOf(options.file),
    ...(sha256 && { sha256 }),
    ...(hospitalId && { hospital_id: hospitalId }),
  })
  await send(options, presigned, { sizeBytes, progress })
  await gateway.call('POST', `/v1/media/uploads/${presigned.upload_id}/complete`)
  progress.say(`stored; upload ${presigned.upload_id}, trace ${gateway.traceId}`)
  const state = await followUpload(gateway, presigned.upload_id, one => showState(one, progress))
  const { good, text } = await report(gateway, state, options.setKey)
  progress.say(`\n${text}\n`)
  if (!good) process.exitCode = 1
}

async function fileSize(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  if (!found) throw new Error(`There is no file ${file}.`)
  if (!found.isFile()) throw new Error(`${file} is not a file.`)
  if (found.size === 0) throw new Error(`${file} is empty.`)
  return found.size
}

type Hospital = { id: string; name: string }

/** Found or made; an id is taken as it is. */
async function findHospital(gateway: Gateway, nameOrId: string, progress: Progress): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(nameOrId)) return nameOrId
  const hospital = await gateway.call<Hospital>('POST', '/v1/core/hospitals', { name: nameOrId })
  progress.say(`hospital ${hospital.name} (${hospital.id})`)
  return hospital.id
}

async function hash(file: string, sizeBytes: number, progress: Progress): Promise<string> {
  const running = createHash('sha256')
  let done = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    running.update(chunk)
    done += chunk.length
    progress.show('hashing', { done, total: sizeBytes })
  }
  return running.digest('hex')
}

const contentTypes: Record<string, string> = {
  csv: 'text/csv',
  json: 'application/json',
  gz: 'application/gzip',
  zip: 'application/zip',
}

function contentTypeOf(file: string): string {
  return contentTypes[file.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream'
}

async function send(
  { file }: UploadOptions,
  presigned: Presigned,
  { sizeBytes, progress }: { sizeBytes: number; progress: Progress },
): Promise<void> {
  const single = presigned.method === 'PUT'
  const parts = single ? [{ size_bytes: sizeBytes, url: presigned.url }] : presigned.parts
  const headers = single ? presigned.headers : {}
  let done = 0
  const onBytes = (count: number) => {
    done += count
    progress.show('sending', { done, total: sizeBytes })
  }
  let start = 0
  for (const { size_bytes, url } of parts) {
    const range = { start, end: start + size_bytes - 1 }
    explain(await sendFile({ file, url, headers, range, onBytes }), progress)
    start += size_bytes
  }
}

/** Goes on after success, and when the file is there already; everything else is an error with a way out. */
function explain({ status, code, message }: Answer, progress: Progress): void {
  if (status >= 200 && status < 300) return
  if (status === 412) {
    progress.say(
      'The store has the file already (412): a URL is good for one write, an earlier try has used it. Going on.',
    )
    return
  }
  if (/expired/i.test(message))
    throw new Error('The URL has expired before the file was sent. Run this again.')
  if (code === 'BadDigest' || code === 'IncompleteBody') {
    throw new Error(
      `The file has changed while it was sent (${code}). Run this again when nobody writes to it.`,
    )
  }
  if (status === 507) throw new Error('The disk of the object store is full; nothing was stored.')
  throw new Error(`The store refused the file: ${status} ${code ?? ''} ${message}`.trim())
}

function showState({ status, progress: at }: UploadState, progress: Progress): void {
  const rows = at.rows_seen > 0 ? { more: `${grouped(at.rows_seen)} rows` } : {}
  progress.show(status, { done: at.bytes_read, total: at.bytes_total, ...rows })
}

process.once('SIGINT', () => {
  process.stdout.write(
    '\nStopped. What has been stored is loaded all the same; run this again for the rest.\n',
  )
  process.exit(130)
})

// `| head` has seen enough: the file is sent all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

main().catch(error => {
  process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
