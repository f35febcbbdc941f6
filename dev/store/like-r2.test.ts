/** What R2 or S3 refuse is refused here, so that nothing works on this machine alone. */
import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { bucket, codeOf, plain, send, sha256Hex, sign, testStore } from './test-store.ts'

const path = `/${bucket}/k`
const later = new Date(Date.now() + 60_000).toUTCString()
const before = new Date(Date.now() - 60_000).toUTCString()

t.test('all conditions of a write hold, or nothing is written', async t => {
  const { url } = await testStore(t)
  const put = async (headers: Record<string, string>, key = path) =>
    (await send(url, { method: 'PUT', path: key, body: 'new', headers })).status
  const first = await send(url, { method: 'PUT', path, body: 'old' })
  const etag = String(first.headers.etag)
  const refused: Record<string, string>[] = [
    { 'if-none-match': '*' },
    { 'if-none-match': etag },
    { 'if-none-match': `"other", W/${etag}` },
    { 'if-match': '"other"' },
    { 'if-match': etag, 'if-none-match': '*' },
    { 'if-modified-since': later },
    { 'if-unmodified-since': before },
  ]
  for (const headers of refused) t.equal(await put(headers), 412, JSON.stringify(headers))
  t.equal((await send(url, { path })).body, 'old')
  for (const headers of [
    { 'if-match': '*' },
    { 'if-match': etag },
    { 'if-modified-since': before },
  ] as Record<string, string>[])
    t.equal(await put(headers, `${path}-none`), 412, `${JSON.stringify(headers)}: there is no such object`)
  const fine: Record<string, string>[] = [
    { 'if-match': `"other", ${etag}` },
    { 'if-match': '*' },
    { 'if-none-match': '"other"' },
    { 'if-modified-since': before },
    { 'if-unmodified-since': later },
    { 'if-unmodified-since': 'no date' },
  ]
  for (const headers of fine) t.equal(await put(headers), 200, JSON.stringify(headers))
  t.equal(await put({ 'if-none-match': '*', 'if-unmodified-since': before }, `${path}-new`), 200)
})

t.test('a copy takes the conditions of R2 on what it overwrites, and says so of others', async t => {
  const { url } = await testStore(t)
  await send(url, { method: 'PUT', path, body: 'x' })
  const copy = async (headers: Record<string, string>) => {
    const answer = await send(url, {
      method: 'PUT',
      path: `${path}-copy`,
      headers: { 'x-amz-copy-source': path, ...headers },
    })
    return codeOf(answer) ?? answer.status
  }
  t.equal(await copy({ 'if-none-match': '*' }), 'NotImplemented')
  t.equal(await copy({ 'cf-copy-destination-if-none-match': '*' }), 200)
  t.equal(await copy({ 'cf-copy-destination-if-none-match': '*' }), 'PreconditionFailed')
})

t.test('If-Range is one ETag or one date; anything else gives the whole object', async t => {
  const { url } = await testStore(t)
  const { headers } = await send(url, { method: 'PUT', path, body: '0123456789' })
  const get = async (ifRange: string) =>
    (await send(url, { path, headers: { range: 'bytes=0-1', 'if-range': ifRange } })).status
  t.equal(await get(String(headers.etag)), 206)
  for (const other of ['*', `W/${headers.etag}`, `"a", ${headers.etag}`, before])
    t.equal(await get(other), 200, other)
})

t.test('headers that change what is stored, and are not obeyed, are refused', async t => {
  const { url } = await testStore(t)
  const refused: Record<string, string>[] = [
    { 'x-amz-server-side-encryption': 'AES256' },
    { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    { 'x-amz-storage-class': 'STANDARD_IA' },
    { 'x-amz-object-lock-mode': 'COMPLIANCE' },
  ]
  for (const headers of refused)
    t.equal(
      codeOf(await send(url, { method: 'PUT', path, body: 'x', headers })),
      'NotImplemented',
      JSON.stringify(headers),
    )
  const standard = { 'x-amz-storage-class': 'STANDARD' }
  t.equal((await send(url, { method: 'PUT', path, body: 'x', headers: standard })).status, 200)
})

t.test('a checksum that is announced must come', async t => {
  const { url } = await testStore(t)
  const put = async (headers: Record<string, string>) => {
    const answer = await send(url, { method: 'PUT', path, body: 'x', headers })
    return codeOf(answer) ?? answer.status
  }
  const sha256 = createHash('sha256').update('x').digest('base64')
  t.equal(await put({ 'x-amz-sdk-checksum-algorithm': 'SHA256' }), 'InvalidRequest')
  t.equal(
    await put({ 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-sha256': sha256 }),
    'InvalidRequest',
  )
  t.equal(await put({ 'x-amz-sdk-checksum-algorithm': 'constructor' }), 'InvalidRequest')
  t.equal(await put({ 'x-amz-sdk-checksum-algorithm': 'SHA256', 'x-amz-checksum-sha256': sha256 }), 200)
})

t.test('the hash of a body is a hash, or a word for there being none, whatever the method', async t => {
  const { url } = await testStore(t)
  for (const payloadHash of [
    'x',
    sha256Hex('').toUpperCase(),
    'STREAMING-SOMETHING',
    'constructor',
    '__proto__',
  ])
    for (const method of ['GET', 'PUT', 'DELETE'])
      t.equal(
        codeOf(await send(url, { method, path, payloadHash })),
        'InvalidArgument',
        `${method} ${payloadHash}`,
      )
  const framed = { payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', body: 'x' }
  const begun = await send(url, { method: 'POST', path, query: [['uploads', '']], ...framed })
  t.equal(codeOf(begun), 'InvalidRequest', 'only objects and parts come framed')
})

t.test('a hash that a presigned URL has among its signed headers is held against the body', async t => {
  const { url } = await testStore(t)
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${date.slice(0, 8)}/auto/s3/aws4_request`
  const query = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `test-key-id/${scope}`],
    ['X-Amz-Date', date],
    ['X-Amz-Expires', '60'],
    ['X-Amz-SignedHeaders', 'host;x-amz-content-sha256'],
  ] as const
  const hash = sha256Hex('hello')
  const { host } = new URL(url)
  const search = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  const canonical = `PUT\n${path}\n${search}\nhost:${host}\nx-amz-content-sha256:${hash}\n\nhost;x-amz-content-sha256\n${hash}`
  const { key } = sign(url, { path })
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical)}`)
    .digest('hex')
  const put = async (body: string, sent = hash) => {
    const answer = await plain(url, {
      method: 'PUT',
      target: `${path}?${search}&X-Amz-Signature=${signature}`,
      headers: { 'x-amz-content-sha256': sent, 'content-length': String(body.length) },
      body,
    })
    return codeOf(answer) ?? answer.status
  }
  t.equal(await put('other'), 'XAmzContentSHA256Mismatch')
  t.equal(await put('other', sha256Hex('other')), 'SignatureDoesNotMatch')
  t.equal(await put('hello'), 200)
})

t.test('temporary credentials, names of a prototype and buckets with dots are refused', async t => {
  const { url } = await testStore(t)
  t.equal(codeOf(await send(url, { path, headers: { 'x-amz-security-token': 'x' } })), 'Unauthorized')
  for (const name of ['constructor', '__proto__']) {
    const { headers } = sign(url, { path })
    const authorization = String(headers.authorization).replace('SignedHeaders=', `SignedHeaders=${name};`)
    const answer = await plain(url, { method: 'GET', target: path, headers: { ...headers, authorization } })
    t.equal(codeOf(answer), 'SignatureDoesNotMatch', name)
  }
  const begun = await send(url, {
    method: 'POST',
    path,
    query: [['uploads', '']],
    headers: { 'x-amz-checksum-algorithm': 'constructor' },
  })
  t.equal(codeOf(begun), 'InvalidRequest')
  t.equal(codeOf(await send(url, { method: 'PUT', path: '/with.dots' })), 'InvalidBucketName')
})
