/** Two answers to the same bytes: equal, different on purpose, or different. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Case } from './corpus.ts'
import type { Received } from './echo.ts'

export type Answer = { status: number; headers: Map<string, string[]>; body: string }
export type Verdict = { same: true } | { same: false; reason: string | undefined; details: string[] }

/** `bytes` as they came, until the connection closed. Undefined status: 0. */
export function parseAnswer(bytes: Buffer): Answer {
  let text = bytes.toString('latin1')
  // 100 Continue comes before the answer.
  while (/^HTTP\/1\.[01] 1(?!01)\d\d/.test(text)) text = text.slice(text.indexOf('\r\n\r\n') + 4)
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end === -1 ? 0 : end).split('\r\n')
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  const raw = text.slice(end + 4)
  const plain = headers.get('transfer-encoding')?.includes('chunked') ? unchunk(raw) : raw
  return {
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0),
    headers,
    body: decode(plain, headers),
  }
}

function unchunk(text: string): string {
  let plain = ''
  let rest = text
  for (;;) {
    const line = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, line), 16)
    if (!(size > 0)) return plain
    plain += rest.slice(line + 2, line + 2 + size)
    rest = rest.slice(line + 4 + size)
  }
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

// Of the connection, of the moment, or the router's own: said in DIFFERENCES.md.
const answerIgnored = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'x-request-id',
])
const receivedIgnored = new Set([
  'connection',
  'x-request-id',
  'content-length',
  'transfer-encoding',
  'expect',
])

/** `ours` against `theirs` (Traefik's). */
export function compare(one: Case, ours: Answer, theirs: Answer): Verdict {
  const details: string[] = []
  const check = (what: string, mine: string, other: string) => {
    if (mine !== other) details.push(`${what}: ours ${mine.slice(0, 300)} | Traefik ${other.slice(0, 300)}`)
  }
  check('status', String(ours.status), String(theirs.status))
  if (details.length === 0) {
    const [mine, other] = [receivedOf(ours), receivedOf(theirs)]
    check('headers', answerHeaders(ours), answerHeaders(theirs))
    if (mine && other) {
      check('upstream method', mine.method, other.method)
      check('upstream target', mine.target, other.target)
      check('upstream body', mine.body, other.body)
      check('upstream headers', receivedHeaders(mine), receivedHeaders(other))
    } else check('body', scrub(ours.body), scrub(theirs.body))
  }
  return details.length === 0
    ? { same: true }
    : { same: false, reason: onPurpose(one, ours, theirs), details }
}

function receivedOf({ body, headers }: Answer): Received | undefined {
  const upgraded = headers.get('x-received')?.[0]
  const text = upgraded ? Buffer.from(upgraded, 'base64').toString() : body
  if (!text.startsWith('{"method"')) return undefined
  try {
    return JSON.parse(text) as Received
  } catch {
    return undefined
  }
}

/** Ports differ between the two. */
function scrub(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
}

function answerHeaders({ headers }: Answer): string {
  return [...headers]
    .filter(([name]) => !answerIgnored.has(name))
    .map(([name, values]) => `${name}=${name === 'vary' ? tokens(values) : scrub(values.join('|'))}`)
    .sort()
    .join('; ')
}

function tokens(values: readonly string[]): string {
  return values
    .flatMap(value => value.split(','))
    .map(value => value.trim())
    .sort()
    .join(',')
}

function receivedHeaders({ headers }: Received): string {
  const byName = new Map<string, string[]>()
  for (const [name, value] of headers)
    byName.set(name.toLowerCase(), [...(byName.get(name.toLowerCase()) ?? []), value])
  // Go's transport asks for gzip where the client asked for nothing, and unpacks it again.
  if (byName.get('accept-encoding')?.join() === 'gzip') byName.delete('accept-encoding')
  return [...byName]
    .filter(([name]) => !receivedIgnored.has(name))
    .map(([name, values]) => `${name}=${scrub(values.join('|'))}`)
    .sort()
    .join('; ')
}

const refusals = new Set([0, 400, 405, 413, 417, 431, 501])

/** The differences of gateway/router/DIFFERENCES.md, by their heading. */
function onPurpose({ kind, bytes }: Case, ours: Answer, theirs: Answer): string | undefined {
  const text = bytes.toString('latin1')
  const bothRefuse = refusals.has(ours.status) && (refusals.has(theirs.status) || theirs.status === 505)
  if (bothRefuse && ['framing', 'version', 'malformed', 'host', 'target', 'large', 'path'].includes(kind))
    return 'another refusal'
  if (refusals.has(ours.status)) {
    if (kind === 'framing') return 'ambiguous framing'
    if (kind === 'malformed' || kind === 'version') return 'stricter parser'
    if (kind === 'target' || kind === 'host') return 'stricter targets and hosts'
    if (kind === 'large' && ours.status === 431) return 'header count'
    if (/^\w+ [^ ]*%(?![0-9a-fA-F]{2})/.test(text) === false && /^\w+ [^ ]*[^\x21-\x7e]/.test(text))
      return 'stricter targets and hosts'
  }
  const chosen = (answer: Answer) => answer.headers.get('content-encoding')?.[0]
  if (
    /\r\nAccept-Encoding: \*\r\n/.test(text) &&
    ours.status === theirs.status &&
    chosen(ours) &&
    !chosen(theirs)
  )
    return 'any encoding'
  if (/^GET \/mw\/retry\S*event-stream/.test(text) && ours.status === 503 && theirs.status === 200)
    return 'retried event streams'
  return undefined
}
