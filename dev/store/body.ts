import { createHash, timingSafeEqual } from 'node:crypto'
import { deframed } from './aws-chunked.ts'
import { type Call, header, headersOf } from './call.ts'
import {
  base64Of,
  type ChecksumName,
  type Checksums,
  checksumName,
  checksumsIn,
  checksumTrailer,
  createChecksum,
  tooManyChecksums,
} from './checksums.ts'
import { S3Error } from './errors.ts'
import { framingOf } from './framing.ts'
import { hexBytes } from './signature.ts'

/** What is known of a body when its last byte has been seen and every promise about it has been kept. */
export type BodyFacts = { size: number; md5: Buffer; checksums: Checksums }

/** A body that is checked while it flows: `facts` is filled when `chunks` ends, and `chunks` throws if it must not be kept. */
export type CheckedBody = { chunks: AsyncGenerator<Buffer>; facts: () => BodyFacts }

/**
 * The body of a request without its framing, held against everything the client said of it: length, signed hash,
 * chunk signatures, Content-MD5, x-amz-checksum-… in header or trailer. `compute` asks for one more checksum.
 * Nothing is buffered. Refuses a body that is too large, or of unknown length, before the first byte.
 */
export function checkedBody(call: Call, options: { maxBytes: number; compute?: ChecksumName }): CheckedBody {
  const declared = declaredSize(call)
  if (declared > options.maxBytes) {
    throw new S3Error('EntityTooLarge', undefined, {
      ProposedSize: String(declared),
      MaxSizeAllowed: String(options.maxBytes),
    })
  }
  const promises = promisesOf(call, options.compute)
  let facts: BodyFacts | undefined
  async function* chunks(): AsyncGenerator<Buffer> {
    let size = 0
    for await (const chunk of promises.source()) {
      size += chunk.length
      if (size > declared) throw new S3Error('IncompleteBody', 'The body is longer than was declared.')
      promises.update(chunk)
      yield chunk
    }
    if (size !== declared) throw new S3Error('IncompleteBody')
    facts = { size, ...promises.keep() }
  }
  return {
    chunks: chunks(),
    facts: () => {
      if (!facts) throw new Error('The body has not been read to its end.')
      return facts
    },
  }
}

/** A small body in one piece, for XML. An absent one is empty. Only objects and parts may come framed. */
export async function smallBody(call: Call): Promise<string> {
  if (framingOf(call.verified.payloadHash))
    throw new S3Error('InvalidRequest', 'The value of x-amz-content-sha256 header is invalid.')
  if (header(call, 'content-length') === undefined && !header(call, 'transfer-encoding')) return ''
  const body = checkedBody(call, { maxBytes: call.store.limits.xmlBytes })
  const chunks: Buffer[] = []
  for await (const chunk of body.chunks) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function declaredSize(call: Call): number {
  const framed = framingOf(call.verified.payloadHash) !== undefined
  const text = header(call, framed ? 'x-amz-decoded-content-length' : 'content-length')
  if (text === undefined) throw new S3Error('MissingContentLength')
  if (!/^\d{1,15}$/.test(text))
    throw new S3Error('InvalidArgument', 'The length of the body is not a number.')
  return Number(text)
}

type Promises = {
  source: () => AsyncIterable<Buffer>
  update: (chunk: Buffer) => void
  keep: () => { md5: Buffer; checksums: Checksums }
}

/** Everything the client promised of its body, as one thing that is fed and then asked whether it was all true. */
function promisesOf(call: Call, compute: ChecksumName | undefined): Promises {
  const { payloadHash } = call.verified
  const framing = framingOf(payloadHash)
  const announced = announcedTrailers(call)
  const trailers = new Map<string, string>()
  const promised = checksumsIn(headersOf(call))
  const name = announcedChecksum(call) ?? compute
  const md5Promised = header(call, 'content-md5')
  if (md5Promised !== undefined) base64Of(md5Promised, 16, 'content-md5')

  const md5 = createHash('md5')
  const sha256 = framing || payloadHash === 'UNSIGNED-PAYLOAD' ? undefined : createHash('sha256')
  const checksum = name && createChecksum(name)
  return {
    source: () =>
      framing
        ? deframed(call.body(), { framing, verified: call.verified, announced, trailers })
        : call.body(),
    update: chunk => {
      md5.update(chunk)
      sha256?.update(chunk)
      checksum?.update(chunk)
    },
    keep: () => {
      const digest = md5.digest()
      if (sha256 && !timingSafeEqual(sha256.digest(), hexBytes(payloadHash))) {
        throw new S3Error('XAmzContentSHA256Mismatch')
      }
      if (md5Promised && digest.toString('base64') !== md5Promised) throw new S3Error('BadDigest')
      const computed = checksum?.digest().toString('base64')
      const expected = name && { ...promised, ...checksumsIn(trailers) }[name]
      if (expected && expected !== computed) throw new S3Error('BadDigest', mismatch(name))
      return { md5: digest, checksums: name && computed ? { [name]: computed } : {} }
    },
  }
}

const mismatch = (name: ChecksumName) =>
  `The ${name.toUpperCase()} you specified did not match the calculated checksum.`

/** The checksum that comes with a body, in a header or in the trailer behind it. Throws for two, or one that is missing. */
export function announcedChecksum(call: Call): ChecksumName | undefined {
  const inHeader = onlyName(checksumsIn(headersOf(call)))
  const inTrailer = checksumTrailer(announcedTrailers(call))
  if (inHeader && inTrailer) throw tooManyChecksums()
  requireAnnounced(call, inHeader ?? inTrailer)
  return inHeader ?? inTrailer
}

function announcedTrailers(call: Call): string[] {
  return framingOf(call.verified.payloadHash)?.trailer ? listOf(header(call, 'x-amz-trailer')) : []
}

/** `x-amz-sdk-checksum-algorithm` says that a checksum comes, so one must, and that one (S3, "PutObject"). */
function requireAnnounced(call: Call, found: ChecksumName | undefined): void {
  const said = header(call, 'x-amz-sdk-checksum-algorithm')
  if (said === undefined || (found !== undefined && checksumName(said) === found)) return
  throw new S3Error(
    'InvalidRequest',
    'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
  )
}

const onlyName = (checksums: Checksums) => Object.keys(checksums)[0] as ChecksumName | undefined

const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
