import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import t from 'tap'
import { bucket, codeOf, send, testStore } from './test-store.ts'

async function fill(client: S3Client, keys: string[]): Promise<void> {
  await Promise.all(keys.map(Key => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))))
}

/** All pages, as one list of keys and folders a page. */
async function pages(
  client: S3Client,
  input: Omit<ListObjectsV2CommandInput, 'Bucket'>,
): Promise<string[][]> {
  const found: string[][] = []
  let token: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, ...input, ContinuationToken: token }),
    )
    const names = [
      ...(page.Contents ?? []).map(one => one.Key),
      ...(page.CommonPrefixes ?? []).map(one => one.Prefix),
    ]
    assert.equal(page.KeyCount, names.length)
    found.push(names.map(String))
    token = page.NextContinuationToken
    assert.equal(page.IsTruncated, token !== undefined)
  } while (token)
  return found
}

const keys = ['a', 'a/', 'a/1', 'a/2', 'a/b/3', 'a0', 'b/1', 'ä', 'ﬁ', '💶']

t.test(
  'keys are listed in the order of their UTF-8 bytes, in pages that lose and repeat nothing',
  async t => {
    const { client } = await testStore(t)
    await fill(client, keys.toReversed())
    for (const MaxKeys of [1, 2, 3, 9, 10, 11, 1000]) {
      t.strictSame((await pages(client, { MaxKeys })).flat(), keys, `${MaxKeys} a page`)
    }
    t.strictSame((await pages(client, { StartAfter: 'a/1' })).flat(), keys.slice(3))
    t.strictSame(await pages(client, { Prefix: 'a/', MaxKeys: 2 }), [
      ['a/', 'a/1'],
      ['a/2', 'a/b/3'],
    ])
    t.strictSame(await pages(client, { Prefix: 'none' }), [[]])
    t.strictSame(await pages(client, { MaxKeys: 0 }), [[]])
  },
)

t.test('a delimiter folds each folder into one entry, at every size of page', async t => {
  const { client } = await testStore(t)
  await fill(client, keys)
  for (const MaxKeys of [1, 2, 3, 1000]) {
    const all = (await pages(client, { Delimiter: '/', MaxKeys })).flat()
    t.strictSame(all.toSorted(), ['a', 'a/', 'a0', 'b/', 'ä', 'ﬁ', '💶'].toSorted(), `${MaxKeys} a page`)
    const inside = (await pages(client, { Delimiter: '/', Prefix: 'a/', MaxKeys })).flat()
    t.strictSame(inside.toSorted(), ['a/', 'a/1', 'a/2', 'a/b/'])
  }
})

t.test('a folder of many keys does not end the page', async t => {
  const { client } = await testStore(t)
  await fill(client, [...Array.from({ length: 250 }, (_, n) => `folder/${n}`), 'z'])
  t.strictSame(await pages(client, { Delimiter: '/' }), [['z', 'folder/']])
})

t.test('version 1 pages by marker', async t => {
  const { client } = await testStore(t)
  await fill(client, keys)
  const found: string[] = []
  let Marker: string | undefined
  do {
    const page = await client.send(
      new ListObjectsCommand({ Bucket: bucket, Delimiter: '/', MaxKeys: 2, Marker }),
    )
    found.push(
      ...[
        ...(page.Contents ?? []).map(one => one.Key),
        ...(page.CommonPrefixes ?? []).map(one => one.Prefix),
      ].map(String),
    )
    Marker = page.NextMarker
  } while (Marker)
  t.strictSame(found.toSorted(), ['a', 'a/', 'a0', 'b/', 'ä', 'ﬁ', '💶'].toSorted())
})

t.test('encoding-type=url makes any key safe in XML', async t => {
  const { url } = await testStore(t)
  await send(url, { method: 'PUT', path: `/${bucket}/a b/\u0001&ü`, body: '' })
  const answer = await send(url, {
    path: `/${bucket}`,
    query: [
      ['encoding-type', 'url'],
      ['list-type', '2'],
    ],
  })
  t.match(answer.body, '<Key>a%20b/%01%26%C3%BC</Key>')
  const plain = await send(url, { path: `/${bucket}/`, query: [['list-type', '2']] })
  t.match(plain.body, '<Key>a b/&#x1;&amp;ü</Key>')
  for (const query of [
    ['encoding-type', 'rot13'],
    ['max-keys', '-1'],
    ['continuation-token', '%'],
  ] as const) {
    t.equal(
      codeOf(await send(url, { path: `/${bucket}`, query: [query, ['list-type', '2']] })),
      'InvalidArgument',
      query[0],
    )
  }
})

const md5Of = (body: string) => ({ 'content-md5': createHash('md5').update(body).digest('base64') })

t.test('many objects are deleted by one call, and what is no such call is refused', async t => {
  const { client, url } = await testStore(t)
  await fill(client, keys)
  const Objects = [...keys.slice(0, 9), 'never there'].map(Key => ({ Key }))
  const answer = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
  t.equal(answer.Deleted?.length, 10)
  t.strictSame((await pages(client, {})).flat(), keys.slice(9))
  const quiet = { Objects: [{ Key: '💶' }], Quiet: true }
  t.strictSame(
    (await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: quiet }))).Deleted,
    undefined,
  )
  const post = (body: string, headers: Record<string, string> = md5Of(body)) =>
    send(url, { method: 'POST', path: `/${bucket}`, query: [['delete', '']], body, headers })
  const one = '<Delete><Object><Key>x</Key></Object></Delete>'
  t.match((await post(one, {})).body, /Missing required header for this request: Content-MD5/)
  t.equal(codeOf(await post(one, md5Of('other'))), 'BadDigest')
  t.equal((await post(one)).status, 200)
  const bomb = '<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><Delete><Object><Key>&x;</Key></Object></Delete>'
  for (const body of [
    '',
    '<',
    '<Delete/>',
    '<Delete><Object/></Delete>',
    bomb,
    '<a>'.repeat(5000),
    '<Delete></Other>',
  ]) {
    t.equal(codeOf(await post(body)), 'MalformedXML', body.slice(0, 30))
  }
  t.equal(codeOf(await post('x'.repeat(5 * 1024 * 1024))), 'EntityTooLarge')
})

t.test('buckets are made, found, listed and, when empty, deleted', async t => {
  const { client } = await testStore(t)
  await client.send(new CreateBucketCommand({ Bucket: 'second' }))
  await t.rejects(client.send(new CreateBucketCommand({ Bucket: 'second' })), {
    name: 'BucketAlreadyOwnedByYou',
  })
  await t.rejects(client.send(new CreateBucketCommand({ Bucket: 'No_Bucket' })), {
    name: 'InvalidBucketName',
  })
  await client.send(new HeadBucketCommand({ Bucket: 'second' }))
  await t.rejects(client.send(new HeadBucketCommand({ Bucket: 'third' })), { name: 'NotFound' })
  const { Buckets } = await client.send(new ListBucketsCommand({}))
  t.strictSame(
    Buckets?.map(one => one.Name),
    ['second', bucket],
  )
  t.equal((await client.send(new GetBucketLocationCommand({ Bucket: bucket }))).LocationConstraint, 'auto')
  await fill(client, ['x'])
  await t.rejects(client.send(new DeleteBucketCommand({ Bucket: bucket })), { name: 'BucketNotEmpty' })
  await client.send(new DeleteBucketCommand({ Bucket: 'second' }))
})
