import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import t from 'tap'
import { bucket, codeOf, send, testStore } from './test-store.ts'

t.test('a range gives its bytes, and one behind the end 416 with the size', async t => {
  const { url } = await testStore(t)
  const path = `/${bucket}/digits`
  await send(url, { method: 'PUT', path, body: '0123456789' })
  const get = async (range: string, method = 'GET') => {
    const answer = await send(url, { method, path, headers: { range } })
    return `${answer.status} ${answer.headers['content-range'] ?? '-'} ${answer.headers['content-length']} ${answer.body}`
  }
  t.equal(await get('bytes=0-0'), '206 bytes 0-0/10 1 0')
  t.equal(await get('bytes=3-5'), '206 bytes 3-5/10 3 345')
  t.equal(await get('bytes=7-'), '206 bytes 7-9/10 3 789')
  t.equal(await get('bytes=7-99'), '206 bytes 7-9/10 3 789')
  t.equal(await get('bytes=-4'), '206 bytes 6-9/10 4 6789')
  t.equal(await get('bytes=-40'), '206 bytes 0-9/10 10 0123456789')
  t.equal(await get('bytes=3-5', 'HEAD'), '200 - 10 ', 'which has no effect on HEAD, as with R2')
  for (const ignored of ['bytes=5-3', 'lines=1-2', 'bytes=0-1,3-4', 'bytes=-', 'bytes=a-b']) {
    t.equal(await get(ignored), '200 - 10 0123456789', ignored)
  }
  t.match(await get('bytes=10-'), /^416 bytes \*\/10 .*InvalidRange/s)
  t.match(await get('bytes=-0'), /^416 /)
})

t.test('an empty object is an object', async t => {
  const { url } = await testStore(t)
  const path = `/${bucket}/empty`
  t.equal(
    (await send(url, { method: 'PUT', path, body: '' })).headers.etag,
    '"d41d8cd98f00b204e9800998ecf8427e"',
  )
  const got = await send(url, { path })
  t.equal(`${got.status} ${got.headers['content-length']} ${got.body}`, '200 0 ')
  t.equal(codeOf(await send(url, { path, headers: { range: 'bytes=0-' } })), 'InvalidRange')
})

t.test('conditions follow RFC 9110', async t => {
  const { url } = await testStore(t)
  const path = `/${bucket}/conditional`
  const { headers } = await send(url, { method: 'PUT', path, body: 'x' })
  const etag = headers.etag ?? ''
  const get = async (conditions: Record<string, string>) =>
    (await send(url, { path, headers: conditions })).status
  const [before, after] = [-3_600_000, 3_600_000].map(ms => new Date(Date.now() + ms).toUTCString()) as [
    string,
    string,
  ]
  t.equal(await get({ 'if-match': etag }), 200)
  t.equal(await get({ 'if-match': `"0", ${etag}` }), 200)
  t.equal(await get({ 'if-match': '*' }), 200)
  t.equal(await get({ 'if-match': '"0"' }), 412)
  t.equal(await get({ 'if-none-match': etag }), 304)
  t.equal(await get({ 'if-none-match': '"0"' }), 200)
  t.equal(await get({ 'if-modified-since': after }), 304)
  t.equal(await get({ 'if-modified-since': before }), 200)
  t.equal(await get({ 'if-modified-since': 'nonsense' }), 200)
  t.equal(await get({ 'if-unmodified-since': before }), 412)
  t.equal(await get({ 'if-unmodified-since': after }), 200)
  t.equal(
    await get({ 'if-match': etag, 'if-unmodified-since': before }),
    200,
    'an ETag is asked before a date',
  )
  t.equal(await get({ 'if-none-match': '"0"', 'if-modified-since': after }), 200)
  const part = (ifRange: string) => send(url, { path, headers: { range: 'bytes=0-0', 'if-range': ifRange } })
  t.equal((await part(etag)).status, 206)
  t.equal((await part('"0"')).status, 200)
})

t.test('a signed URL may say how its answer is labelled, but not break the answer', async t => {
  const { url, client } = await testStore(t)
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }))
  const got = await client.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: 'k',
      ResponseContentDisposition: 'attachment; filename="prices.csv"',
      ResponseContentType: 'text/csv',
    }),
  )
  t.match(got, { ContentDisposition: 'attachment; filename="prices.csv"', ContentType: 'text/csv' })
  const split = await send(url, {
    path: `/${bucket}/k`,
    query: [['response-content-type', 'a\r\nx-evil: 1']],
  })
  t.equal(codeOf(split), 'InvalidArgument')
})

t.test('what is not there is said by its name', async t => {
  const { url, client } = await testStore(t)
  await t.rejects(client.send(new GetObjectCommand({ Bucket: bucket, Key: 'none' })), { name: 'NoSuchKey' })
  await t.rejects(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'none' })), { name: 'NotFound' })
  await t.rejects(client.send(new GetObjectCommand({ Bucket: 'no-bucket', Key: 'none' })), {
    name: 'NoSuchBucket',
  })
  const head = await send(url, { method: 'HEAD', path: `/${bucket}/none` })
  t.equal(`${head.status} ${head.body}`, '404 ')
  t.equal(codeOf(await send(url, { path: `/${bucket}/none`, query: [['acl', '']] })), 'NotImplemented')
  t.equal(codeOf(await send(url, { method: 'PATCH', path: `/${bucket}/none` })), 'MethodNotAllowed')
})

t.test('a reader gets the bytes it began with, though they are replaced and deleted meanwhile', async t => {
  const { client } = await testStore(t)
  const place = { Bucket: bucket, Key: 'read' }
  const old = Buffer.alloc(8 * 1024 * 1024, 'a')
  await client.send(new PutObjectCommand({ ...place, Body: old }))
  const reading = await client.send(new GetObjectCommand(place))
  await client.send(new PutObjectCommand({ ...place, Body: 'new' }))
  await client.send(new DeleteObjectCommand(place))
  const bytes = await reading.Body?.transformToByteArray()
  t.ok(bytes && old.equals(bytes))
})
