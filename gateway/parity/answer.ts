/** What comes back on a connection, read as a client would: answers one after the other, unpacked. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'

export type Answer = {
  status: number
  headers: Map<string, string[]>
  body: string
  /** Whether the body came to its end. */
  whole: boolean
  /** Fields behind a body in chunks. */
  trailers: string
  /** What came before it, but for 100 Continue: status and headers. */
  early: string[]
}

/** Fields that say nothing but of the connection, the moment, or the router that answered. */
export const ofConnection: ReadonlySet<string> = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'x-request-id',
])

export const noAnswer: Answer = {
  status: 0,
  headers: new Map(),
  body: '',
  whole: false,
  trailers: '',
  early: [],
}

/** The first answer of `bytes`, as they came until the connection closed. Status 0: there is none. */
export function parseAnswer(bytes: Buffer): Answer {
  return parseAnswers(bytes)[0] ?? noAnswer
}

export function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  let early: string[] = []
  let rest = bytes.toString('latin1')
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) break
    const head = rest.slice(0, end)
    rest = rest.slice(end + 4)
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
    const headers = headersOf(head)
    if (status >= 100 && status < 200 && status !== 101) {
      if (status !== 100) early.push(`${status} ${[...headers].join('; ')}`)
      continue
    }
    const { body, left, whole, trailers = '' } = bodyOf(rest, status, headers)
    rest = left
    answers.push({ status, headers, body: decode(body, headers), whole, trailers, early })
    early = []
  }
  return answers
}

function headersOf(head: string): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return headers
}

type Body = { body: string; left: string; whole: boolean; trailers?: string }

function bodyOf(text: string, status: number, headers: Answer['headers']): Body {
  if (status === 101) return { body: text, left: '', whole: true }
  if (status === 204 || status === 304) return { body: '', left: text, whole: true }
  if (headers.get('transfer-encoding')?.includes('chunked')) return unchunk(text)
  const length = Number(headers.get('content-length')?.[0] ?? Number.NaN)
  if (Number.isNaN(length)) return { body: text, left: '', whole: true }
  return { body: text.slice(0, length), left: text.slice(length), whole: text.length >= length }
}

function unchunk(text: string): Body {
  let body = ''
  let rest = text
  for (;;) {
    const line = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, line), 16)
    const end = rest.indexOf('\r\n\r\n')
    if (!(size > 0)) {
      const whole = size === 0 && end >= 0
      return {
        body,
        left: end < 0 ? '' : rest.slice(end + 4),
        whole,
        trailers: trailersOf(rest.slice(line + 2, Math.max(end, 0))),
      }
    }
    body += rest.slice(line + 2, line + 2 + size)
    rest = rest.slice(line + 4 + size)
  }
}

/** One length of a body is enough; the case of names is the connection's own. */
function trailersOf(lines: string): string {
  const named = lines.split('\r\n').map(line => line.replace(/^[^:]*/, name => name.toLowerCase()))
  return named
    .filter(line => line !== '' && !line.startsWith('content-length:'))
    .sort()
    .join('; ')
}

function decode(body: string, headers: Map<string, string[]>): string {
  const bytes = Buffer.from(body, 'latin1')
  if (bytes.length === 0) return ''
  switch (headers.get('content-encoding')?.[0]) {
    case 'gzip':
      return gunzipSync(bytes).toString()
    case 'br':
      return brotliDecompressSync(bytes).toString()
    case 'zstd':
      return zstdDecompressSync(bytes).toString()
    default:
      return body
  }
}
