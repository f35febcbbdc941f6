import type { Call } from './call.ts'
import { xmlDocument } from './xml.ts'

type Headers = Record<string, string | number>

/** Answers with an XML document. */
export function sendXml(call: Call, body: string, headers: Headers = {}): void {
  const bytes = Buffer.from(xmlDocument(body))
  call.response.writeHead(200, {
    ...headers,
    'content-type': 'application/xml',
    'content-length': bytes.length,
  })
  call.response.end(bytes)
}

/** Answers without a body. */
export function sendEmpty(call: Call, status: 200 | 204 | 304, headers: Headers = {}): void {
  call.response.writeHead(status, status === 200 ? { ...headers, 'content-length': 0 } : headers)
  call.response.end()
}

/** `"etag"`, as HTTP wants it. */
export const quoted = (etag: string): string => `"${etag}"`

/** The time of an XML answer: ISO 8601 with milliseconds. */
export const isoTime = (ms: number): string => new Date(ms).toISOString()
