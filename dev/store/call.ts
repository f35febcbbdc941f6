import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Blobs } from './blobs.ts'
import type { Catalog } from './catalog.ts'
import type { EventQueue } from './events.ts'
import type { Verified } from './signature.ts'
import { type Query, queryValue } from './uri.ts'

/** Upper bounds, in bytes. The defaults are those of S3 and R2. */
export type Limits = {
  /** one PUT or one part */
  bodyBytes: number
  /** one object, in parts */
  objectBytes: number
  /** the smallest part that is not the last one */
  partBytes: number
  /** a body of XML */
  xmlBytes: number
}

export const defaultLimits: Limits = {
  bodyBytes: 5 * 1024 ** 3,
  // 5 TiB less 5 GiB.
  objectBytes: 5 * 1024 ** 4 - 5 * 1024 ** 3,
  partBytes: 5 * 1024 ** 2,
  xmlBytes: 4 * 1024 ** 2,
}

/** A line for the log; `level` is that of pino. */
export type LogEntry = { level: 'info' | 'warn' | 'error'; msg: string; [field: string]: unknown }

/** What all operations share. */
export type Store = {
  catalog: Catalog
  blobs: Blobs
  events: EventQueue | undefined
  region: string
  limits: Limits
  now: () => number
  log: (entry: LogEntry) => void
}

/** One request on its way through: verified, with bucket and key told apart ('' when there is none). */
export type Call = {
  store: Store
  request: IncomingMessage
  response: ServerResponse
  verified: Verified
  bucket: string
  key: string
  query: Query
  requestId: string
  /** the body as it comes; asking for it sends `100 Continue` to a client that waits for that */
  body: () => AsyncIterable<Buffer>
}

/** One header of the request, all its values joined by commas as the signature joins them. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  // A name may be of an object's prototype: `constructor` among the signed headers.
  return Object.hasOwn(request.headersDistinct, name) ? request.headersDistinct[name]?.join(',') : undefined
}

export const parameter = (call: Call, name: string) => queryValue(call.query, name)

/** As headerOf, and from the query where a presigner has put it: `?x-amz-meta-origin=…` is as good as the header. */
export function header(call: Call, name: string): string | undefined {
  return headerOf(call.request, name) ?? hoisted(call.query).find(([other]) => other === name)?.[1]
}

/** All headers of the request, and those in the query, as pairs of lower-case name and value. */
export function headersOf(call: Call): [string, string][] {
  const sent = Object.entries(call.request.headersDistinct)
  const own = sent.map(([name, values]): [string, string] => [name, values?.join(',') ?? ''])
  const names = new Set(own.map(([name]) => name))
  return [...own, ...hoisted(call.query).filter(([name]) => !names.has(name))]
}

// These are of the signature itself.
const notHeaders =
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|content-sha256|security-token)$/

function hoisted(query: Query): [string, string][] {
  return query
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => name.startsWith('x-amz-') && !notHeaders.test(name))
}
