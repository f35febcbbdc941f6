import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  type ChecksumAlgorithm,
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import t from 'tap'
import { bucket, codeOf, plain, send, sha256Hex, sign, testClient, testStore } from './test-store.ts'

const md5 = (data: string) => createHash('md5').update(data).digest()

t.test('what the SDK puts comes back with its bytes, headers, metadata, ETag and checksum', async t => {
  const { client } = await testStore(t)
  const place = { Bucket: bucket, Key: 'a folder/ünï+code (1).csv' }
  const put = await client.send(
    new PutObjectCommand({
      ...place,
      Body: 'hello',
      ContentType: 'text/csv; charset=utf-8',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="x.csv"',
      ContentLanguage: 'de',
      Metadata: { origin: 'test', other: 'a  b' },
    }),
  )
  t.equal(put.ETag, `"${md5('hello').toString('hex')}"`)
  const got = await client.send(new GetObjectCommand(place))
  t.equal(await got.Body?.transformToString(), 'hello')
  t.match(got, {
    ContentType: 'text/csv; charset=utf-8',
    CacheControl: 'max-age=60',
    ContentDisposition: 'attachment; filename="x.csv"',
    ContentLanguage: 'de',
    Metadata: { origin: 'test' },
    ContentLength: 5,
    ETag: put.ETag,
  })
  const head = await client.send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' }))
  t.equal(head.ContentLength, 5)
  t.equal(head.ChecksumCRC32, put.ChecksumCRC32)
  t.ok(Math.abs(Number(head.LastModified) - Date.now()) < 60_000)
})

t.test(
  'a stream of the SDK, framed as aws-chunked with its checksum behind it, is stored without the frame',
  async t => {
    const { client } = await testStore(t)
    const text = 'line of text\n'.repeat(30_000)
    for (const algorithm of [
      'CRC32',
      'CRC32C',
      'CRC64NVME',
      'SHA1',
      'SHA256',
    ] satisfies ChecksumAlgorithm[]) {
      const pieces = text.match(/[\s\S]{1,70000}/g) ?? []
      const place = { Bucket: bucket, Key: `streamed-${algorithm}` }
      const put = await client.send(
        new PutObjectCommand({
          ...place,
          Body: Readable.from(pieces.map(piece => Buffer.from(piece))),
          ContentLength: text.length,
          ContentEncoding: 'identity',
          ChecksumAlgorithm: algorithm,
        }),
      )
      t.ok(put[`Checksum${algorithm}`], `${algorithm} is answered`)
      const got = await client.send(new GetObjectCommand({ ...place, ChecksumMode: 'ENABLED' }))
      t.equal(await got.Body?.transformToString(), text, `${algorithm}: the SDK has verified what it reads`)
      t.equal(got.ContentEncoding, 'identity', 'the coding of the transfer is not one of the object')
    }
  },
)

t.test('a body that breaks any promise made of it is refused, and nothing is stored', async t => {
  const { url, dir } = await testStore(t)
  const path = `/${bucket}/promised`
  const put = async (headers: Record<string, string>, more: { payloadHash?: string; body?: string } = {}) => {
    const answer = await send(url, { method: 'PUT', path, body: 'hello', headers, ...more })
    return `${answer.status} ${codeOf(answer)}`
  }
  const wrong = Buffer.alloc(32, 7)
  t.equal(await put({ 'content-md5': md5('other').toString('base64') }), '400 BadDigest')
  t.equal(await put({ 'content-md5': 'x' }), '400 InvalidDigest')
  t.equal(await put({}, { payloadHash: sha256Hex('other') }), '400 XAmzContentSHA256Mismatch')
  t.equal(await put({ 'x-amz-checksum-sha256': wrong.toString('base64') }), '400 BadDigest')
  t.equal(await put({ 'x-amz-checksum-sha256': 'short' }), '400 InvalidDigest')
  t.equal(await put({ 'x-amz-checksum-crc32': wrong.toString('base64', 0, 4) }), '400 BadDigest')
  t.equal(await put({ 'x-amz-checksum-crc32c': wrong.toString('base64', 0, 4) }), '400 BadDigest')
  t.equal(await put({ 'x-amz-checksum-crc64nvme': wrong.toString('base64', 0, 8) }), '400 BadDigest')
  t.equal(await put({ 'x-amz-checksum-sha1': wrong.toString('base64', 0, 20) }), '400 BadDigest')
  t.equal(await put({ 'x-amz-checksum-md7': 'AAAA' }), '400 InvalidRequest')
  t.equal(await put({}, { payloadHash: 'STREAMING-SOMETHING' }), '400 InvalidArgument')
  t.equal(await put({ 'x-amz-tagging': 'a=b' }), '501 NotImplemented')
  t.equal(await put({ 'x-amz-meta-big': 'x'.repeat(3000) }), '400 MetadataTooLarge')
  t.equal(codeOf(await send(url, { path })), 'NoSuchKey')
  t.strictSame(await readdir(join(dir, 'blobs')), [], 'no byte is left behind')
  t.equal(await put({ 'content-md5': md5('hello').toString('base64') }), '200 undefined')
})

t.test('a length is asked for and bounded', async t => {
  const { url } = await testStore(t, { limits: { bodyBytes: 10 } })
  const big = await send(url, { method: 'PUT', path: `/${bucket}/big`, body: '0123456789A' })
  t.equal(codeOf(big), 'EntityTooLarge')
  const { headers } = sign(url, { method: 'PUT', path: `/${bucket}/k`, payloadHash: 'UNSIGNED-PAYLOAD' })
  const chunked = { ...headers, 'transfer-encoding': 'chunked' }
  const answer = await plain(url, { method: 'PUT', target: `/${bucket}/k`, headers: chunked, body: 'x' })
  t.equal(`${answer.status} ${codeOf(answer)}`, '411 MissingContentLength')
  t.equal((await send(url, { method: 'PUT', path: `/${bucket}/k`, body: '0123456789' })).status, 200)
})

t.test('of two writers that both say "only if new", exactly one wins', async t => {
  const { client } = await testStore(t)
  const attempt = (n: number) =>
    client
      .send(new PutObjectCommand({ Bucket: bucket, Key: 'once', Body: `writer ${n}`, IfNoneMatch: '*' }))
      .then(
        () => n,
        error => String(error.name),
      )
  const results = await Promise.all(Array.from({ length: 8 }, (_, n) => attempt(n)))
  const winners = results.filter(result => typeof result === 'number')
  t.equal(winners.length, 1)
  t.equal(results.filter(result => result === 'PreconditionFailed').length, 7)
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'once' }))
  t.equal(await got.Body?.transformToString(), `writer ${winners[0]}`)
})

t.test('If-Match replaces the version the writer knows, and no other', async t => {
  const { client, dir } = await testStore(t)
  const place = { Bucket: bucket, Key: 'versioned' }
  const put = (Body: string, IfMatch?: string) =>
    client.send(new PutObjectCommand({ ...place, Body, IfMatch }))
  await t.rejects(put('x', '"0"'), { name: 'PreconditionFailed' })
  const first = await put('one')
  await put('two', first.ETag)
  await t.rejects(put('three', first.ETag), {
    name: 'PreconditionFailed',
    $metadata: { httpStatusCode: 412 },
  })
  const got = await client.send(new GetObjectCommand(place))
  t.equal(await got.Body?.transformToString(), 'two')
  t.equal((await readdir(join(dir, 'blobs'))).length, 1, 'the bytes of the version before are gone')
})

t.test('no key can leave its folder or meet another key', async t => {
  const { client, url, dir } = await testStore(t)
  const keys = [
    '../../etc/passwd',
    '..',
    'a//b',
    'a/b',
    '/a/b',
    'a/',
    'ü',
    'u\u0308',
    '%2e%2e',
    'a b+c',
    '\u0001\u0000x',
    '💶',
    'CON',
    'A/B',
  ]
  for (const key of keys) {
    const answer = await send(url, {
      method: 'PUT',
      path: `/${bucket}/${key}`,
      body: `of ${JSON.stringify(key)}`,
    })
    t.equal(answer.status, 200, JSON.stringify(key))
  }
  for (const key of keys) {
    const answer = await send(url, { path: `/${bucket}/${key}` })
    t.equal(answer.body, `of ${JSON.stringify(key)}`)
  }
  const names = await readdir(join(dir, 'blobs'))
  t.equal(names.length, keys.length)
  t.ok(names.every(name => /^[0-9a-f-]{36}$/.test(name)))
  t.equal(
    codeOf(await send(url, { method: 'PUT', path: `/${bucket}/${'k'.repeat(1025)}`, body: '' })),
    'InvalidObjectName',
  )
  const named = await client.send(new GetObjectCommand({ Bucket: bucket, Key: '../../etc/passwd' }))
  t.equal(await named.Body?.transformToString(), 'of "../../etc/passwd"')
})

t.test('a copy takes the bytes and, unless told otherwise, the headers', async t => {
  const { client } = await testStore(t)
  const put = new PutObjectCommand({
    Bucket: bucket,
    Key: 'from/ä b',
    Body: 'text',
    ContentType: 'text/csv',
    Metadata: { a: '1' },
  })
  await client.send(put)
  const CopySource = `/${bucket}/from/${encodeURIComponent('ä b')}`
  await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource }))
  await client.send(
    new CopyObjectCommand({
      Bucket: bucket,
      Key: 'to2',
      CopySource,
      MetadataDirective: 'REPLACE',
      ContentType: 'text/plain',
    }),
  )
  const [to, to2] = await Promise.all(
    ['to', 'to2'].map(Key => client.send(new GetObjectCommand({ Bucket: bucket, Key }))),
  )
  t.match(to, { ContentType: 'text/csv', Metadata: { a: '1' } })
  t.match(to2, { ContentType: 'text/plain', Metadata: {} })
  t.equal(await to2?.Body?.transformToString(), 'text')
  await t.rejects(client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'from/ä b', CopySource })), {
    name: 'InvalidRequest',
  })
  await t.rejects(
    client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'x', CopySource: `${bucket}/none` })),
    { name: 'NoSuchKey' },
  )
  await t.rejects(
    client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'x', CopySource, CopySourceIfMatch: '"0"' })),
    { name: 'PreconditionFailed' },
  )
})

t.test('a wrong secret, an unknown key and no signature at all are refused', async t => {
  const { url } = await testStore(t)
  const put = (Key: string) => new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' })
  const wrong = testClient(t, url, { credentials: { accessKeyId: 'test-key-id', secretAccessKey: 'guess' } })
  await t.rejects(wrong.send(put('a')), { name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } })
  const unknown = testClient(t, url, { credentials: { accessKeyId: 'who', secretAccessKey: 'guess' } })
  await t.rejects(unknown.send(put('a')), { name: 'Unauthorized', $metadata: { httpStatusCode: 401 } })
  const anonymous = await plain(url, { method: 'PUT', target: `/${bucket}/a`, body: 'x' })
  t.equal(`${anonymous.status} ${codeOf(anonymous)}`, '403 AccessDenied')
  t.match(anonymous.headers, { 'content-type': 'application/xml' })
  t.match(anonymous.body, /<Resource>\/test-bucket\/a<\/Resource><RequestId>.+<\/RequestId>/)
})
