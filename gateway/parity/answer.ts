/** What comes back on a connection, read as a client would: answers one after the other, unpacked. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'

export type Answer = { status: number; headers: Map<string, string[]>; body: string }

/** The first answer of `bytes`, as they came until the connection closed. Status 0: there is none. */
export function parseAnswer(bytes: Buffer): Answer {
  return parseAnswers(bytes)[0] ?? { status: 0, headers: new Map(), body: '' }
}

export function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  let rest = bytes.toString('latin1')
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) break
    const head = rest.slice(0, end)
    rest = rest.slice(end + 4)
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
    // 100 Continue comes before the answer.
    if (status >= 100 && status < 200 && status !== 101) continue
    const headers = headersOf(head)
    const [plain, left] = bodyOf(rest, status, headers)
    rest = left
    answers.push({ status, headers, body: decode(plain, headers) })
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

function bodyOf(text: string, status: number, headers: Answer['headers']): [body: string, rest: string] {
  if (status === 204 || status === 304) return ['', text]
  if (headers.get('transfer-encoding')?.includes('chunked')) return unchunk(text)
  const length = Number(headers.get('content-length')?.[0] ?? Number.NaN)
  return Number.isNaN(length) ? [text, ''] : [text.slice(0, length), text.slice(length)]
}

function unchunk(text: string): [body: string, rest: string] {
  let plain = ''
  let rest = text
  for (;;) {
    const line = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, line), 16)
    if (!(size > 0)) return [plain, rest.slice(rest.indexOf('\r\n\r\n') + 4)]
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
