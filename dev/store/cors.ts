import type { IncomingMessage, ServerResponse } from 'node:http'
import { headerOf } from './call.ts'
import { S3Error } from './errors.ts'

/** Which web pages may call the store: origins such as `https://app.example`, or `*`; none means no page may. */
export type CorsOrigins = readonly string[]

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']
const exposed = [
  ...['ETag', 'Content-Length', 'Content-Range', 'Last-Modified', 'Accept-Ranges', 'x-amz-request-id'],
  ...['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'].map(name => `x-amz-checksum-${name}`),
]

/**
 * Marks an answer as readable by the page that asked. `*` gives nothing away: the store knows no cookies, every
 * request carries its own signature.
 */
export function allowOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  origins: CorsOrigins,
): boolean {
  const origin = headerOf(request, 'origin')
  if (origin === undefined) return false
  const allowed = origins.includes('*') ? '*' : origins.find(one => one === origin)
  if (allowed !== '*') response.setHeader('vary', 'Origin')
  if (!allowed) return false
  response.setHeader('access-control-allow-origin', allowed)
  response.setHeader('access-control-expose-headers', exposed.join(', '))
  return true
}

/** Answers a preflight. Throws AccessDenied for an origin, method or header list that is not allowed. */
export function preflight(request: IncomingMessage, response: ServerResponse, origins: CorsOrigins): void {
  const method = headerOf(request, 'access-control-request-method') ?? ''
  const headers = headerOf(request, 'access-control-request-headers') ?? ''
  const wellFormed = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,4096}$/.test(headers)
  if (!allowOrigin(request, response, origins) || !methods.includes(method) || !wellFormed) {
    throw new S3Error('AccessDenied', 'CORSResponse: this CORS request is not allowed.')
  }
  response.writeHead(200, {
    'access-control-allow-methods': methods.join(', '),
    ...(headers ? { 'access-control-allow-headers': headers } : {}),
    'access-control-max-age': '3600',
    'content-length': '0',
  })
  response.end()
}
