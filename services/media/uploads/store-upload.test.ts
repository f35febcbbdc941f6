import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createS3Client } from '@glimmr/lib/s3'
import t from 'tap'
import { as, jobsIn, testMedia, text } from '../test-media.ts'

const s3Event = (key: string, bucket = 'glimmr') => ({
  Records: [
    {
      eventName: 'ObjectCreated:Put',
      eventTime: '2026-01-01T00:00:00.000Z',
      s3: { bucket: { name: bucket }, object: { key, size: 1, eTag: 'x' } },
    },
  ],
})

const keyOf = (url: string) => decodeURIComponent(new URL(url).pathname).replace('/glimmr/', '')

t.test('a completed upload is stored, with one job, however often it is completed', async t => {
  const { presign, put, complete, get, db } = await testMedia(t)
  const signed = await presign()
  t.match(await get(signed.upload_id), {
    status: 200,
    body: { status: 'waiting', file_id: null, reasons: [] },
  })
  await put(signed)
  const first = await complete(signed.upload_id)
  t.match(first, {
    status: 202,
    body: {
      upload_id: signed.upload_id,
      status: 'stored',
      stored_by: 'complete',
      progress: { bytes_total: text.length },
    },
  })
  t.match(await complete(signed.upload_id), { status: 202, body: { status: 'stored' } })
  t.match(await jobsIn(db.pool), [{ upload_id: signed.upload_id }])
})

t.test('the client, the store and the sweep at the same moment make exactly one job', async t => {
  const { presign, put, complete, call, db } = await testMedia(t, { sweepMs: 1 })
  const uploads = await Promise.all(Array.from({ length: 5 }, () => presign()))
  await Promise.all(
    uploads.map(async signed => {
      await put(signed)
      const event = () => call('POST', '/v1/media/store-events', as.store, s3Event(keyOf(signed.url)))
      const calls = [complete(signed.upload_id), event(), complete(signed.upload_id), event()]
      for (const { status } of await Promise.all(calls)) t.ok(status === 200 || status === 202)
    }),
  )
  t.strictSame(
    (await jobsIn(db.pool)).map(job => job.upload_id).sort(),
    uploads.map(signed => signed.upload_id).sort(),
  )
})

t.test('the job goes on with the trace of the presign call', async t => {
  const { call, announced, put, complete, db } = await testMedia(t)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { body } = await call('POST', '/v1/media/presign', { ...as.us, traceparent }, announced())
  await put(body)
  await complete(body.upload_id)
  t.match(await jobsIn(db.pool), [{ traceparent }])
})

t.test('what is not in the store cannot be completed, and the answer says what to do', async t => {
  const { presign, complete, db, put } = await testMedia(t)
  const signed = await presign()
  t.match(await complete(signed.upload_id), { status: 409, body: { detail: /PUT it to the url/ } })
  await db.pool.query("update media.uploads set expires_at = now() - interval '1 s'")
  t.match(await complete(signed.upload_id), {
    status: 409,
    body: { detail: /has expired: ask for a new one/ },
  })
  await put(signed)
  t.equal((await complete(signed.upload_id)).status, 202, 'a PUT that began in time counts')
})

t.test('a checksum need not be given', async t => {
  const { presign, put, complete } = await testMedia(t)
  const signed = await presign({ sha256: undefined })
  t.equal(await put(signed), 200)
  t.match(await complete(signed.upload_id), { status: 202, body: { status: 'stored', sha256: null } })
})

t.test('an object that is not the announced one makes no job', async t => {
  const { presign, complete, s3, db } = await testMedia(t)
  const signed = await presign()
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  // Nobody but the holder of the store's keys can do this.
  await client.send(new PutObjectCommand({ Bucket: 'glimmr', Key: keyOf(signed.url), Body: 'other' }))
  t.match(await complete(signed.upload_id), {
    status: 409,
    body: { detail: /another content than was announced/ },
  })
  t.strictSame(await jobsIn(db.pool), [])
})

t.test('events of S3 and of R2 are understood; those of anything else are ignored', async t => {
  const { presign, put, call, get, s3 } = await testMedia(t)
  const tell = (body: object, who = as.store) => call('POST', '/v1/media/store-events', who, body)
  const [one, two, three] = await Promise.all([presign(), presign(), presign({ filename: 'a+b c.csv' })])
  for (const signed of [one, two, three]) await put(signed)
  t.match(await tell(s3Event(keyOf(one.url))), { status: 200, body: { stored: 1, ignored: 0 } })
  t.match(await tell(s3Event(keyOf(one.url))), { status: 200, body: { stored: 0, ignored: 1 } })
  const r2 = (action: string) => ({
    account: 'a',
    bucket: 'glimmr',
    object: { key: keyOf(two.url), size: 1 },
    action,
  })
  t.match(await tell(r2('DeleteObject')), { body: { stored: 0 } })
  t.match(await tell(r2('PutObject')), { body: { stored: 1 } })
  t.match(await get(two.upload_id), { body: { status: 'stored', stored_by: 'event' } })
  t.match(await tell(s3Event(keyOf(three.url), 'other-bucket')), { body: { stored: 0 } })
  t.match(await tell(s3Event('uploads/none/x')), { body: { stored: 0 } })
  t.match(await tell(s3Event('uploads/%zz\0')), { status: 200, body: { stored: 0 } })
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  await client.send(new DeleteObjectCommand({ Bucket: 'glimmr', Key: keyOf(three.url) }))
  t.match(await tell(s3Event(keyOf(three.url))), { body: { stored: 0 } }, 'the object itself is looked at')
  t.equal((await tell({ hello: 1 })).status, 400)
  t.equal((await tell(s3Event(keyOf(three.url)), as.us)).status, 403, 'uploaders do not tell events')
})

t.test("the store's own event is enough", async t => {
  const told = Promise.withResolvers<unknown>()
  const { presign, put, get, call } = await testMedia(t, {
    event: async body => {
      told.resolve(body)
    },
  })
  const signed = await presign({ filename: 'ä b.csv' })
  await put(signed)
  const answer = await call('POST', '/v1/media/store-events', as.store, (await told.promise) as object)
  t.match(answer, { status: 200, body: { stored: 1 } })
  t.match(await get(signed.upload_id), { body: { status: 'stored', filename: 'ä b.csv' } })
})

t.test('a store that is away is a 503 that says so, and nothing is lost', async t => {
  const { presign, put, complete, store, db } = await testMedia(t)
  const signed = await presign()
  await put(signed)
  store.server.closeAllConnections()
  await store.close()
  t.match(await complete(signed.upload_id), { status: 503, body: { detail: /object store does not answer/ } })
  t.strictSame(await jobsIn(db.pool), [])
})
