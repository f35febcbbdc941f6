import { createHash, timingSafeEqual } from 'node:crypto'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { S3Error } from './errors.ts'
import type { Framing } from './framing.ts'
import { hexBytes, hmac, sha256, type Verified } from './signature.ts'

/**
 * The framing `aws-chunked`, with which SDKs send a body whose hash they do not know yet:
 *
 *     400;chunk-signature=<hex>\r\n <1024 bytes> \r\n
 *     0;chunk-signature=<hex>\r\n
 *     x-amz-checksum-crc32c:<base64>\r\n
 *     x-amz-trailer-signature:<hex>\r\n\r\n
 *
 * Each signature covers the one before it, so chunks cannot be left out, added or moved. The frame is taken off here;
 * a store that keeps it (it was seen) hands out corrupt files.
 * Source: Amazon S3 API Reference, "Signature Calculations … Transferring Payload in Multiple Chunks", "… Trailing Headers".
 */
const maxHeaderBytes = 4096
const maxTrailerBytes = 16 * 1024
/** Of every chunk but the last one with bytes in it. */
const minChunkBytes = 8192
const emptyHash = sha256('')

/**
 * Takes the frame off a body. Trailers land in `trailers` before the generator ends; every signature has been
 * verified by then. What was yielded before an error must be thrown away, which is what the caller's file is for.
 */
export async function* deframed(
  source: AsyncIterable<Buffer>,
  options: {
    framing: Framing
    verified: Verified
    announced: readonly string[]
    trailers: Map<string, string>
  },
): AsyncGenerator<Buffer> {
  const reader = createByteReader(source)
  const chain = createChain(options.verified)
  let smallest = Number.POSITIVE_INFINITY
  for (;;) {
    const { size, signature } = parseHeader(await reader.line(maxHeaderBytes), options.framing.signed)
    if (size > 0 && smallest < minChunkBytes)
      throw new S3Error('InvalidChunkSizeError', undefined, { BadChunkSize: String(smallest) })
    smallest = Math.min(smallest, size)
    const hash = options.framing.signed ? createHash('sha256') : undefined
    for await (const piece of reader.take(size)) {
      hash?.update(piece)
      yield piece
    }
    if (hash) chain.verify(`AWS4-HMAC-SHA256-PAYLOAD`, `${emptyHash}\n${hash.digest('hex')}`, signature)
    if (size === 0) break
    if ((await reader.line(2)) !== '')
      throw new S3Error('InvalidRequest', 'A chunk must be followed by CRLF.')
  }
  await readTrailers(reader, options, chain)
  if (!(await reader.ended())) throw new S3Error('InvalidRequest', 'There are bytes behind the last chunk.')
}

type Chain = { verify: (algorithm: string, hashed: string, signature: string) => void }

/** Each call compares one signature and becomes what the next one must build on. */
function createChain({ signature: seed, date, scope, signingKey }: Verified): Chain {
  let previous = seed
  return {
    verify: (algorithm, hashed, signature) => {
      const expected = hmac(signingKey, `${algorithm}\n${date}\n${scope}\n${previous}\n${hashed}`)
      if (!timingSafeEqual(expected, hexBytes(signature))) {
        throw new S3Error(
          'SignatureDoesNotMatch',
          'The signature of a chunk or of the trailer does not match.',
        )
      }
      previous = signature
    },
  }
}

function parseHeader(line: string, signed: boolean): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
  if (!match || signed !== (match[2] !== undefined))
    throw new S3Error('InvalidRequest', 'A chunk header is malformed.')
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] ?? '' }
}

async function readTrailers(
  reader: ByteReader,
  {
    framing,
    announced,
    trailers,
  }: { framing: Framing; announced: readonly string[]; trailers: Map<string, string> },
  chain: Chain,
): Promise<void> {
  let signed = ''
  let signature: string | undefined
  for (
    let line = await reader.line(maxTrailerBytes);
    line !== '';
    line = await reader.line(maxTrailerBytes)
  ) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature' && framing.signed && signature === undefined) signature = value
    else if (!announced.includes(name) || trailers.has(name)) throw new S3Error('MalformedTrailerError')
    else {
      trailers.set(name, value)
      signed += `${name}:${value}\n`
    }
  }
  if (trailers.size !== announced.length) throw new S3Error('MalformedTrailerError')
  if (framing.signed && framing.trailer)
    chain.verify('AWS4-HMAC-SHA256-TRAILER', sha256(signed), signature ?? '')
}
