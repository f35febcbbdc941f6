import type { Call } from './call.ts'
import { headersOf } from './call.ts'
import { S3Error } from './errors.ts'

/** What an object keeps of the request that made it. */
export type StoredHeaders = { headers: Record<string, string>; metadata: Record<string, string> }

const kept = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]
const metaPrefix = 'x-amz-meta-'
const maxMetadataBytes = 2048

// Taking these and not obeying them would be a lie: an object believed locked, encrypted or tagged would not be.
const notObeyed = /^x-amz-(tagging|object-lock-|server-side-encryption|website-redirect-location|grant-)/

/** The headers and user metadata to store. Throws NotImplemented or MetadataTooLarge. */
export function storedHeaders(call: Call): StoredHeaders {
  const sent = headersOf(call)
  const unknown = sent.find(
    ([name, value]) => notObeyed.test(name) || (name === 'x-amz-storage-class' && value !== 'STANDARD'),
  )
  if (unknown)
    throw new S3Error('NotImplemented', `The header ${unknown[0]} with this value is not implemented.`, {
      Header: unknown[0],
    })
  const headers = Object.fromEntries(sent.filter(([name]) => kept.includes(name)))
  headers['content-type'] ??= 'binary/octet-stream'
  withoutFraming(headers)
  const metadata = Object.fromEntries(
    sent
      .filter(([name]) => name.startsWith(metaPrefix))
      .map(([name, value]) => [name.slice(metaPrefix.length), value]),
  )
  const bytes = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (bytes > maxMetadataBytes) throw new S3Error('MetadataTooLarge')
  return { headers, metadata }
}

/** `aws-chunked` was the coding of the transfer, not of the object. */
function withoutFraming(headers: Record<string, string>): void {
  const codings = (headers['content-encoding'] ?? '').split(',').map(coding => coding.trim())
  const real = codings.filter(coding => coding !== '' && coding !== 'aws-chunked')
  if (real.length > 0) headers['content-encoding'] = real.join(', ')
  else delete headers['content-encoding']
}

/** The answer headers for user metadata. */
export function metadataHeaders(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [metaPrefix + name, value]))
}
