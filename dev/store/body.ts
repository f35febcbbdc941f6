import { createHash, timingSafeEqual } from 'node:crypto'
import { deframed, framingOf } from './aws-chunked.ts'
import { type Call, header, headersOf } from './call.ts'
import {
  base64Of,
  type ChecksumName,
  type Checksums,
  checksumsIn,
  checksumTrailer,
  createChecksum,
} from './checksums.ts'
import { S3Error } from './errors.ts'
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

/** A small body in one piece, for XML. An absent one is empty. */
export async function smallBody(call: Call): Promise<string> {
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
  const announced = framing?.trailer ? listOf(header(call, 'x-amz-trailer')) : []
  const trailers = new Map<string, string>()
  const promised = checksumsIn(headersOf(call))
  const name = onlyName(promised) ?? checksumTrailer(announced) ?? compute
  const md5Promised = header(call, 'content-md5')
  if (md5Promised !== undefined) base64Of(md5Promised, 16, 'content-md5')

  const md5 = createHash('md5')
  const sha256 = isHash(payloadHash) ? createHash('sha256') : undefined
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
      if (expected && expected !== computed) throw new S3Error('XAmzContentChecksumMismatch', mismatch(name))
      return { md5: digest, checksums: name && computed ? { [name]: computed } : {} }
    },
  }
}

const mismatch = (name: ChecksumName) =>
  `The ${name.toUpperCase()} you specified did not match the calculated checksum.`

/** Whether the word in x-amz-content-sha256 is a hash; throws for one that is neither that nor a word we know. */
function isHash(payloadHash: string): boolean {
  if (/^[0-9a-f]{64}$/.test(payloadHash)) return true
  if (payloadHash === 'UNSIGNED-PAYLOAD' || framingOf(payloadHash)) return false
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… word or a sha256.',
  )
}

const onlyName = (checksums: Checksums) => Object.keys(checksums)[0] as ChecksumName | undefined

const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
