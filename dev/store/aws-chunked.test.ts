import { createHmac } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { deframed } from './aws-chunked.ts'
import { signingKey, type Verified } from './signature.ts'
import { bucket, codeOf, plain, type Signed, send, sha256Hex, sign, testStore } from './test-store.ts'

const empty = sha256Hex('')

/** Frames pieces as the S3 API Reference draws it, each signed on top of the one before. */
function frame(
  { key, date, scope, signature }: Signed,
  pieces: string[],
  trailers: Record<string, string> = {},
) {
  let previous = signature
  const chain = (algorithm: string, hashed: string) => {
    const text = `${algorithm}\n${date}\n${scope}\n${previous}\n${hashed}`
    previous = createHmac('sha256', key).update(text).digest('hex')
    return previous
  }
  const chunks = [...pieces, ''].map(piece => {
    const chunkSignature = chain('AWS4-HMAC-SHA256-PAYLOAD', `${empty}\n${sha256Hex(piece)}`)
    return `${piece.length.toString(16)};chunk-signature=${chunkSignature}\r\n${piece}${piece ? '\r\n' : ''}`
  })
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`)
  if (lines.length === 0) return `${chunks.join('')}\r\n`
  const trailerSignature = chain(
    'AWS4-HMAC-SHA256-TRAILER',
    sha256Hex(lines.map(line => `${line}\n`).join('')),
  )
  return `${chunks.join('')}${[...lines, `x-amz-trailer-signature:${trailerSignature}`].join('\r\n')}\r\n\r\n`
}

const signedWord = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
/** The smallest chunk that may be followed by another. */
const first = 'hello '.padEnd(8192, '.')

t.test(
  'signed chunks are stored without their frame; a bent byte, signature, order or end is refused',
  async t => {
    const { url, dir } = await testStore(t)
    const path = `/${bucket}/chunked`
    const headers = {
      'x-amz-decoded-content-length': String(first.length + 5),
      'content-encoding': 'aws-chunked',
    }
    const signed = sign(url, { method: 'PUT', path, headers, payloadHash: signedWord })
    const put = async (body: string) => {
      const length = { 'content-length': String(body.length) }
      const answer = await plain(url, {
        method: 'PUT',
        target: path,
        headers: { ...signed.headers, ...length },
        body,
      })
      return codeOf(answer) ?? answer.status
    }
    const good = frame(signed, [first, 'world'])
    t.equal(await put(good.replace('world', 'w0rld')), 'SignatureDoesNotMatch')
    t.equal(await put(good.replace(/signature=./, 'signature=x')), 'InvalidRequest')
    t.equal(
      await put(good.replace(/(0;chunk-signature=)\w{64}/, `$1${'0'.repeat(64)}`)),
      'SignatureDoesNotMatch',
    )
    t.equal(await put(good.slice(0, good.indexOf('0;chunk'))), 'IncompleteBody')
    t.equal(
      await put(frame(signed, [first])),
      'IncompleteBody',
      'fewer bytes than x-amz-decoded-content-length',
    )
    t.equal(await put(frame(signed, [`${first}world`, '!'])), 'IncompleteBody', 'more bytes than announced')
    t.equal(await put(`${good}more`), 'InvalidRequest')
    t.equal(await put(good.replace('world\r\n', 'world\n\n')), 'InvalidRequest')
    t.equal(await put('hello world'), 'IncompleteBody', 'no frame at all')
    t.equal(await put(`${'f'.repeat(9000)}\r\n`), 'InvalidRequest')
    t.equal(
      await put(frame(signed, [first.slice(0, 8191), `${first.slice(8191)}world`])),
      'InvalidChunkSizeError',
    )
    t.strictSame(await readdir(join(dir, 'blobs')), [])
    t.equal(await put(good), 200)
    const got = await send(url, { path })
    t.equal(got.body, `${first}world`)
    t.equal(got.headers['content-encoding'], undefined)
  },
)

t.test(
  'a signed trailer carries the checksum; a wrong, missing, unannounced or unsigned one is refused',
  async t => {
    const { url } = await testStore(t)
    const path = `/${bucket}/trailer`
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32('hello world'))
    const headers = { 'x-amz-decoded-content-length': '11', 'x-amz-trailer': 'x-amz-checksum-crc32' }
    const signed = sign(url, { method: 'PUT', path, headers, payloadHash: `${signedWord}-TRAILER` })
    const put = async (body: string) => {
      const length = { 'content-length': String(body.length) }
      const answer = await plain(url, {
        method: 'PUT',
        target: path,
        headers: { ...signed.headers, ...length },
        body,
      })
      return codeOf(answer) ?? answer.headers['x-amz-checksum-crc32']
    }
    const pieces = ['hello world']
    const good = frame(signed, pieces, { 'x-amz-checksum-crc32': sum.toString('base64') })
    t.equal(await put(frame(signed, pieces, { 'x-amz-checksum-crc32': 'AAAAAA==' })), 'BadDigest')
    t.equal(await put(frame(signed, pieces)), 'MalformedTrailerError')
    t.equal(await put(frame(signed, pieces, { 'x-amz-checksum-sha1': 'x' })), 'MalformedTrailerError')
    t.equal(await put(good.replace(/x-amz-trailer-signature:.*\r\n/, '')), 'SignatureDoesNotMatch')
    t.equal(
      await put(good.replace(/(x-amz-trailer-signature:)\w{64}/, `$1${'0'.repeat(64)}`)),
      'SignatureDoesNotMatch',
    )
    t.equal(
      await put(good.replace(/(x-amz-trailer-signature:.*\r\n)/, '$1$1')),
      'MalformedTrailerError',
      'two signatures',
    )
    t.equal(await put(good), sum.toString('base64'))
    const other = async (more: Record<string, string>) => {
      const bent = sign(url, {
        method: 'PUT',
        path,
        headers: { ...headers, ...more },
        payloadHash: `${signedWord}-TRAILER`,
      })
      const length = { 'content-length': String(good.length) }
      return codeOf(
        await plain(url, {
          method: 'PUT',
          target: path,
          headers: { ...bent.headers, ...length },
          body: good,
        }),
      )
    }
    for (const trailer of [
      'x-amz-meta-more',
      'x-amz-checksum-md7',
      'x-amz-checksum-crc32,x-amz-checksum-sha1',
    ])
      t.equal(await other({ 'x-amz-trailer': trailer }), 'InvalidRequest', trailer)
    const both = { 'x-amz-checksum-sha1': Buffer.alloc(20).toString('base64') }
    t.equal(await other(both), 'InvalidRequest', 'one in the header and another behind the body')
  },
)

t.test('a framed body may come one byte at a time', async t => {
  const verified: Verified = {
    payloadHash: signedWord,
    signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    date: '20130524T000000Z',
    scope: '20130524/us-east-1/s3/aws4_request',
    signingKey: signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', {
      date: '20130524',
      region: 'us-east-1',
      service: 's3',
    }),
  }
  // The worked example of the S3 API Reference: 66,560 bytes "a" in two chunks, with the signatures printed there.
  const body = [
    `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${'a'.repeat(65536)}\r\n`,
    `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${'a'.repeat(1024)}\r\n`,
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
  ].join('')
  async function* bytes() {
    for (const byte of Buffer.from(body)) yield Buffer.of(byte)
  }
  let size = 0
  const framing = { signed: true, trailer: false }
  for await (const piece of deframed(bytes(), { framing, verified, announced: [], trailers: new Map() }))
    size += piece.length
  t.equal(size, 66560)
})
