import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { bucket, codeOf, plain, testClient, testFolder, testStore } from './test-store.ts'

const run = promisify(execFile)
const curl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)
const skip = curl ? false : 'curl is not installed here'

const text = 'code,price\n70551,412.50\n'
const sha256 = createHash('sha256').update(text).digest('base64')
const headers = {
  'content-type': 'text/csv',
  'if-none-match': '*',
  'x-amz-checksum-sha256': sha256,
  'content-length': String(text.length),
}

/** As services/media signs it: size, type, checksum and write-once are part of the signature. */
function presignPut(client: S3Client, Key: string, expiresIn = 60): Promise<string> {
  const command = new PutObjectCommand({
    ...{ Bucket: bucket, Key, ContentType: 'text/csv', ContentLength: text.length },
    ...{ IfNoneMatch: '*', ChecksumSHA256: sha256 },
  })
  return getSignedUrl(client, command, {
    expiresIn,
    signableHeaders: new Set([
      'host',
      'content-length',
      'content-type',
      'if-none-match',
      'x-amz-checksum-sha256',
    ]),
    unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
  })
}

async function presigning(t: Test) {
  const { url } = await testStore(t)
  const client = testClient(t, url, {
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const put = async (signed: string, changes: Record<string, string | undefined> = {}, body = text) => {
    const { pathname, search } = new URL(signed)
    const all = Object.entries({ ...headers, ...changes }).filter(([, value]) => value !== undefined)
    const answer = await plain(url, {
      method: 'PUT',
      target: pathname + search,
      headers: Object.fromEntries(all) as Record<string, string>,
      body,
    })
    return `${answer.status} ${codeOf(answer) ?? ''}`.trim()
  }
  return { client, url, put }
}

t.test('a presigned PUT is good for the one body it was signed for, once', async t => {
  const { client, url, put } = await presigning(t)
  const signed = await presignPut(client, 'uploads/1/prices.csv')
  const refused = '403 SignatureDoesNotMatch'
  t.equal(await put(signed, { 'content-length': '3' }, 'abc'), refused, 'another size')
  t.equal(
    await put(signed, { 'content-length': undefined, 'transfer-encoding': 'chunked' }),
    refused,
    'no size',
  )
  t.equal(await put(signed, { 'content-type': 'text/html' }), refused, 'another type')
  t.equal(await put(signed, { 'if-none-match': undefined }), refused, 'write-once left away')
  t.equal(await put(signed, { 'x-amz-checksum-sha256': undefined }), refused, 'checksum left away')
  t.equal(await put(signed, { 'x-amz-checksum-sha256': createHash('sha256').digest('base64') }), refused)
  t.equal(await put(signed.replace('prices.csv', 'others.csv')), refused, 'another key')
  t.equal(await put(signed, { 'x-amz-meta-more': '1' }), '403 AccessDenied', 'an unsigned x-amz header')
  t.equal(await put(signed, {}, text.replace('4', '5')), '400 BadDigest', 'another content')
  t.equal(await put(signed), '200')
  t.equal(await put(signed), '412 PreconditionFailed', 'a second time')
  const got = await getSignedUrl(
    client,
    new GetObjectCommand({ Bucket: bucket, Key: 'uploads/1/prices.csv' }),
  )
  t.equal(await (await fetch(got)).text(), text)
  t.equal((await fetch(got, { method: 'DELETE' })).status, 403)
  t.equal((await fetch(`${url}/${bucket}/uploads/1/prices.csv`)).status, 403)
})

t.test('the URL names the bucket in the path or, below localhost, in the host', async t => {
  const { store } = await testStore(t)
  const { port } = store.server.address() as { port: number }
  const client = testClient(t, `http://localhost:${port}`, {
    ...{ forcePathStyle: false, requestChecksumCalculation: 'WHEN_REQUIRED' },
  })
  const signed = await getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: 'k' }))
  const { host, pathname, search } = new URL(signed)
  t.equal(host, `${bucket}.localhost:${port}`)
  // The name is resolved by hand: not every machine knows names below localhost.
  const answer = await plain(`http://127.0.0.1:${port}`, {
    method: 'PUT',
    target: pathname + search,
    headers: { host },
    body: 'x',
  })
  t.equal(answer.status, 200, answer.body)
})

t.test('what a presigner puts into the query counts as the header it was', async t => {
  const { client, url } = await presigning(t)
  const place = { Bucket: bucket, Key: 'hoisted' }
  const metadata = await getSignedUrl(
    client,
    new PutObjectCommand({ ...place, Metadata: { origin: 'test' } }),
  )
  t.match(metadata, 'x-amz-meta-origin=test')
  t.equal((await fetch(metadata, { method: 'PUT', body: text })).status, 200)
  const got = await client.send(new GetObjectCommand(place))
  t.strictSame(got.Metadata, { origin: 'test' })
  // A client with the defaults of the SDK signs the checksum of an empty body: S3 and R2 refuse the real one.
  const careless = testClient(t, url)
  const answer = await fetch(await getSignedUrl(careless, new PutObjectCommand(place)), {
    method: 'PUT',
    body: text,
  })
  t.match(await answer.text(), /BadDigest/)
})

t.test('an expired URL is refused and says since when', async t => {
  let ahead = 0
  const { url } = await testStore(t, { now: () => Date.now() + ahead })
  const client = testClient(t, url)
  const signed = await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: 'k' }), {
    expiresIn: 60,
  })
  t.equal((await fetch(signed)).status, 404, 'good until then')
  ahead = 61_000
  const late = await fetch(signed)
  t.equal(late.status, 400, 'as R2 has it')
  t.match(await late.text(), /<Code>ExpiredRequest<\/Code><Message>Request has expired<\/Message>.*<Expires>/)
})

t.test(
  'curl -T with the signed headers uploads, also a file large enough for "Expect: 100-continue"',
  { skip },
  async t => {
    const { client, url } = await presigning(t)
    const dir = await testFolder(t)
    const file = join(dir, 'prices.csv')
    await writeFile(file, text)
    const signed = await presignPut(client, 'curl.csv')
    const args = (target: string, extra: string[]) => [
      '-sS',
      '-w',
      '%{http_code} %{size_upload}',
      '-o',
      join(dir, 'answer'),
      ...extra,
      '-T',
      file,
      target,
    ]
    const sent = Object.entries(headers).flatMap(([name, value]) =>
      name === 'content-length' ? [] : ['-H', `${name}: ${value}`],
    )
    t.equal((await run('curl', args(signed, sent))).stdout, `200 ${text.length}`)
    t.match((await run('curl', args(signed, sent))).stdout, /^412 /)
    const big = Buffer.alloc(3 * 1024 * 1024, 'x')
    await writeFile(file, big)
    const bigUrl = await getSignedUrl(
      client,
      new PutObjectCommand({ Bucket: bucket, Key: 'big', ContentLength: big.length }),
      {
        signableHeaders: new Set(['host', 'content-length']),
      },
    )
    t.equal((await run('curl', args(bigUrl, ['-H', 'Expect: 100-continue']))).stdout, `200 ${big.length}`)
    const bent = await run('curl', args(bigUrl.replace('/big', '/other'), ['-H', 'Expect: 100-continue']))
    t.match(bent.stdout, /^403 0$/, 'a refused client does not even begin to send')
    t.equal(
      (
        await run('curl', [
          '-sS',
          '--aws-sigv4',
          'aws:amz:auto:s3',
          '-u',
          'test-key-id:test/secret+key',
          '-H',
          `x-amz-content-sha256: ${createHash('sha256').digest('hex')}`,
          '-o',
          join(dir, 'list'),
          '-w',
          '%{http_code}',
          `${url}/${bucket}?list-type=2`,
        ])
      ).stdout,
      '200',
      "curl's own signer is understood",
    )
  },
)
