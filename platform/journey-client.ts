/** The steps of an uploader and of a partner, as plain HTTP and curl do them. For the tests of the whole. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { PlatformFile } from './data-folder.ts'

const run = promisify(execFile)

export type Presigned = {
  upload_id: string
  method: string
  url: string
  headers: Record<string, string>
  expires_at: string
}
export type UploadState = {
  upload_id: string
  status: string
  file_id: number | null
  progress: {
    bytes_read: number
    bytes_total: number
    rows_seen: number
    rows_loaded: number
    rows_rejected: number
  }
  reasons: { message: string }[]
}

export type Call = { key: string; method?: string; body?: unknown; headers?: Record<string, string> }

/** An answer and its JSON; any status. */
export async function call<Body>(
  url: string,
  { key, method = 'GET', body, headers = {} }: Call,
): Promise<{ status: number; headers: Headers; body: Body }> {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: (text ? JSON.parse(text) : null) as Body }
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

export type PresignOptions = { sha256?: boolean; headers?: Record<string, string>; contentType?: string }

export async function presign(
  platform: PlatformFile,
  file: string,
  options: PresignOptions = {},
): Promise<Presigned> {
  const { sha256 = true, headers = {}, contentType = 'application/octet-stream' } = options
  const answer = await call<Presigned & { detail?: string }>(`${platform.gateway_url}/v1/media/presign`, {
    key: platform.keys.uploader,
    method: 'POST',
    headers,
    body: {
      filename: basename(file),
      size_bytes: (await stat(file)).size,
      content_type: contentType,
      ...(sha256 && { sha256: await sha256Of(file) }),
    },
  })
  if (answer.status !== 201) throw new Error(`presign: ${answer.status} ${answer.body.detail}`)
  return answer.body
}

/** `curl -T` with the headers that presign gave; the status of the store. */
export async function putWithCurl(file: string, { url, headers }: Presigned): Promise<number> {
  const args = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const { stdout } = await run('curl', [
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-T',
    file,
    ...args,
    url,
  ])
  return Number(stdout)
}

export function complete(platform: PlatformFile, uploadId: string, headers: Record<string, string> = {}) {
  return call<UploadState>(`${platform.gateway_url}/v1/media/uploads/${uploadId}/complete`, {
    key: platform.keys.uploader,
    method: 'POST',
    headers,
  })
}

const ended = new Set(['published', 'rejected', 'already_loaded', 'failed', 'expired'])

/** Follows the server-sent events until the upload has ended: one request, whatever the load takes. */
export async function untilEnded(
  platform: PlatformFile,
  uploadId: string,
  { timeoutMs = 300_000, signal: stopped }: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<UploadState> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stopped ? [stopped] : [])])
  for (;;) {
    const answer = await fetch(`${platform.gateway_url}/v1/media/uploads/${uploadId}/events`, {
      headers: { authorization: `Bearer ${platform.keys.uploader}` },
      signal,
    })
    if (!answer.ok || !answer.body) throw new Error(`events: ${answer.status} ${await answer.text()}`)
    let buffered = ''
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      buffered += chunk
      const events = buffered.split('\n\n')
      buffered = events.pop() ?? ''
      for (const event of events) {
        const data = event.split('\n').find(line => line.startsWith('data:'))
        if (!data) continue
        const state: UploadState = JSON.parse(data.slice('data:'.length))
        if (ended.has(state.status)) return state
      }
    }
    await wait(500)
  }
}
