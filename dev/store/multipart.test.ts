import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import t from 'tap'
import { createCrc64Nvme } from './crc.ts'
import { bucket, send, testStore } from './test-store.ts'

const MiB = 1024 * 1024
const place = { Bucket: bucket, Key: 'large' }
const partBodies = [Buffer.alloc(5 * MiB, 'a'), Buffer.alloc(5 * MiB, 'b'), Buffer.from('the end')]
const whole = Buffer.concat(partBodies)
const md5 = (data: Buffer) => createHash('md5').update(data).digest()

type Kind = { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: ChecksumType }

async function sendParts(client: S3Client, kind: Kind = {}, bodies = partBodies) {
  const begun = await client.send(
    new CreateMultipartUploadCommand({ ...place, ContentType: 'text/csv', Metadata: { a: '1' }, ...kind }),
  )
  const UploadId = String(begun.UploadId)
  const Parts: CompletedPart[] = []
  for (const [at, Body] of bodies.entries()) {
    const PartNumber = at + 1
    const { ChecksumAlgorithm } = kind
    const part = await client.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber, Body, ChecksumAlgorithm }),
    )
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = part
    const sums = kind.ChecksumAlgorithm
      ? { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 }
      : {}
    Parts.push({ PartNumber, ETag, ...sums })
  }
  const complete = (parts = Parts, more: { IfNoneMatch?: string; MpuObjectSize?: number } = {}) =>
    client.send(
      new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: parts }, ...more }),
    )
  return { UploadId, Parts, complete }
}

t.test('parts become one object, readable whole, by range over their seams, and by number', async t => {
  const { client } = await testStore(t)
  const { complete } = await sendParts(client)
  const done = await complete()
  const etag = md5(Buffer.concat(partBodies.map(md5))).toString('hex')
  t.equal(done.ETag, `"${etag}-3"`)
  const got = await client.send(new GetObjectCommand(place))
  t.match(got, { ContentType: 'text/csv', Metadata: { a: '1' }, ContentLength: whole.length })
  t.ok(whole.equals((await got.Body?.transformToByteArray()) ?? Buffer.of()))
  const seam = await client.send(
    new GetObjectCommand({ ...place, Range: `bytes=${5 * MiB - 2}-${5 * MiB + 1}` }),
  )
  t.equal(await seam.Body?.transformToString(), 'aabb')
  const last = await client.send(new GetObjectCommand({ ...place, PartNumber: 3 }))
  t.match(last, { PartsCount: 3, ContentRange: `bytes ${10 * MiB}-${whole.length - 1}/${whole.length}` })
  t.equal(await last.Body?.transformToString(), 'the end')
  await t.rejects(client.send(new GetObjectCommand({ ...place, PartNumber: 4 })), { name: 'InvalidRange' })
  await t.rejects(complete(), { name: 'NoSuchUpload' })
})

t.test('an object in parts has a checksum of its parts or of its bytes, as it was asked for', async t => {
  const { client } = await testStore(t)
  const crc = createCrc64Nvme()
  crc.update(whole)
  const composite = createHash('sha256')
  for (const body of partBodies) composite.update(createHash('sha256').update(body).digest())
  await (await sendParts(client, { ChecksumAlgorithm: 'CRC64NVME' })).complete()
  const full = await client.send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' }))
  t.match(full, { ChecksumCRC64NVME: crc.digest().toString('base64'), ChecksumType: 'FULL_OBJECT' })
  await (await sendParts(client, { ChecksumAlgorithm: 'SHA256' })).complete()
  const parts = await client.send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' }))
  t.match(parts, { ChecksumSHA256: `${composite.digest('base64')}-3`, ChecksumType: 'COMPOSITE' })
  for (const [ChecksumAlgorithm, ChecksumType] of [
    ['SHA256', 'FULL_OBJECT'],
    ['CRC32', 'FULL_OBJECT'],
    ['CRC64NVME', 'COMPOSITE'],
  ] as const)
    await t.rejects(sendParts(client, { ChecksumAlgorithm, ChecksumType }), { name: 'InvalidRequest' })
})

t.test('a list of parts that is not what was sent is refused, and can be sent right afterwards', async t => {
  const { client, dir } = await testStore(t)
  const { Parts, complete } = await sendParts(client)
  const [one, two, three] = Parts as [CompletedPart, CompletedPart, CompletedPart]
  await t.rejects(complete([two, one]), { name: 'InvalidPartOrder' })
  await t.rejects(complete([one, one]), { name: 'InvalidPartOrder' })
  await t.rejects(complete([]), { name: 'MalformedXML' })
  await t.rejects(complete([{ ...one, ETag: '"0"' }]), { name: 'InvalidPart' })
  await t.rejects(complete([one, { PartNumber: 9, ETag: '"0"' }]), { name: 'InvalidPart' })
  await t.rejects(complete([three, { ...three, PartNumber: 4 }]), { name: 'InvalidPart' })
  await t.rejects(complete(Parts, { MpuObjectSize: 5 }), { name: 'InvalidRequest' })
  await client.send(new PutObjectCommand({ ...place, Body: 'before' }))
  await complete([one, three])
  const got = await client.send(new HeadObjectCommand(place))
  t.equal(got.ContentLength, 5 * MiB + 7, 'a part that was sent and not listed is left out')
  t.equal(
    (await readdir(join(dir, 'blobs'))).length,
    2,
    'and its bytes, and those of the object before, are gone',
  )
})

t.test('parts but the last must have five megabytes, and all one size, as R2 wants it', async t => {
  const { client } = await testStore(t)
  const small = await sendParts(client, {}, [Buffer.alloc(100), Buffer.alloc(100)])
  await t.rejects(small.complete(), { name: 'EntityTooSmall' })
  const odd = await sendParts(client, {}, [Buffer.alloc(5 * MiB), Buffer.alloc(5 * MiB + 1), Buffer.alloc(1)])
  await t.rejects(odd.complete(), { name: 'InvalidPart', message: /same length/ })
})

t.test('parts can be listed, sent again and aborted', async t => {
  const { client, dir } = await testStore(t)
  const { UploadId } = await sendParts(client)
  await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 3, Body: 'another end' }))
  const first = await client.send(new ListPartsCommand({ ...place, UploadId, MaxParts: 2 }))
  t.match(first, { IsTruncated: true, NextPartNumberMarker: '2' })
  const rest = await client.send(new ListPartsCommand({ ...place, UploadId, PartNumberMarker: '2' }))
  t.match(rest.Parts, [
    { PartNumber: 3, Size: 11, ETag: `"${md5(Buffer.from('another end')).toString('hex')}"` },
  ])
  const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'lar' }))
  t.match(uploads.Uploads, [{ Key: 'large', UploadId }])
  await client.send(new AbortMultipartUploadCommand({ ...place, UploadId }))
  await t.rejects(client.send(new ListPartsCommand({ ...place, UploadId })), { name: 'NoSuchUpload' })
  await t.rejects(client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'x' })), {
    name: 'NoSuchUpload',
  })
  t.strictSame(await readdir(join(dir, 'blobs')), [])
  await t.rejects(client.send(new HeadObjectCommand(place)), { name: 'NotFound' })
})

t.test('part numbers have bounds', async t => {
  const { client } = await testStore(t)
  const { UploadId } = await sendParts(client, {}, [])
  for (const PartNumber of [0, 10_001]) {
    await t.rejects(client.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body: 'x' })), {
      name: 'InvalidArgument',
    })
  }
})

t.test('the parts of an upload with a checksum bring it, each again at the end', async t => {
  const { client, url } = await testStore(t)
  const { UploadId, Parts, complete } = await sendParts(client, { ChecksumAlgorithm: 'SHA256' })
  const part = (headers: Record<string, string>) =>
    send(url, {
      method: 'PUT',
      path: `/${bucket}/large`,
      query: [
        ['partNumber', '1'],
        ['uploadId', UploadId],
      ],
      headers,
      body: 'x',
    })
  t.match((await part({})).body, /expected checksum Type: sha256, actual checksum Type: null/)
  const other = { 'x-amz-checksum-sha1': createHash('sha1').update('x').digest('base64') }
  t.match((await part(other)).body, /expected checksum Type: sha256, actual checksum Type: sha1/)
  const bare = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))
  await t.rejects(complete(bare), { name: 'InvalidRequest', message: /It was missing for part 1/ })
  await complete()
})

t.test('a condition that does not hold at the end is the end of the upload, as with R2', async t => {
  const { client, dir } = await testStore(t)
  const { Parts, complete, UploadId } = await sendParts(client)
  await client.send(new PutObjectCommand({ ...place, Body: 'taken' }))
  await t.rejects(complete(Parts, { IfNoneMatch: '*' }), { name: 'PreconditionFailed' })
  await t.rejects(client.send(new ListPartsCommand({ ...place, UploadId })), { name: 'NoSuchUpload' })
  t.equal((await readdir(join(dir, 'blobs'))).length, 1, 'and its bytes are gone')
  await t.rejects(
    client.send(new CreateMultipartUploadCommand(place)).then(() => ifNew(client)),
    {
      name: 'PreconditionFailed',
    },
  )
})

/** The SDK knows no condition of CreateMultipartUpload; R2 does. */
async function ifNew(client: S3Client) {
  const command = new CreateMultipartUploadCommand(place)
  command.middlewareStack.add(
    next => async args => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, { 'if-none-match': '*' })
      return next(args)
    },
    { step: 'build' },
  )
  return client.send(command)
}

t.test('an upload of a week ago is none any more, and an object has a largest size', async t => {
  let ahead = 0
  const { client, url } = await testStore(t, {
    now: () => Date.now() + ahead,
    limits: { objectBytes: 10 * MiB },
  })
  const { complete } = await sendParts(client)
  await t.rejects(complete(), { name: 'EntityTooLarge' })
  const { UploadId } = await sendParts(client, {}, [])
  const list = async () => {
    const date = new Date(Date.now() + ahead)
    const parts = await send(url, { path: `/${bucket}/large`, query: [['uploadId', UploadId]], date })
    const all = await send(url, { path: `/${bucket}`, query: [['uploads', '']], date })
    return `${parts.status} ${all.body.includes(UploadId)}`
  }
  ahead = 7 * 24 * 3600_000 - 60_000
  t.equal(await list(), '200 true')
  ahead += 120_000
  t.equal(await list(), '404 false')
})
