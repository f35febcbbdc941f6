import t from 'tap'
import { as, jobsIn, testMedia } from '../test-media.ts'
import { partSeconds, partSize } from './presign-parts.ts'

const MiB = 1024 ** 2
const size = 11 * MiB

t.test(
  'a file too large for one PUT goes in parts, each of its signed size, and is joined by complete',
  async t => {
    const { call, announced, complete, db, get } = await testMedia(t, { maxPutBytes: 5 * MiB })
    const about = { size_bytes: size, sha256: undefined }
    const { body } = await call('POST', '/v1/media/presign', as.us, announced(about))
    t.match(body, {
      method: 'MULTIPART',
      part_size_bytes: 5 * MiB,
      parts: [{ part_number: 1 }, { part_number: 2 }, { part_number: 3, size_bytes: MiB }],
      complete_url: `/v1/media/uploads/${body.upload_id}/complete`,
    })
    const put = async (part: { url: string; size_bytes: number }, bytes = part.size_bytes) =>
      (await fetch(part.url, { method: 'PUT', body: Buffer.alloc(bytes, 'x') })).status
    t.equal(await put(body.parts[0], 100), 403, 'another size')
    t.equal(await put(body.parts[0]), 200)
    t.equal(await put(body.parts[2]), 200)
    t.match(await complete(body.upload_id), {
      status: 409,
      body: { detail: new RegExp(`${6 * MiB} of ${size} bytes`) },
    })
    t.equal(await put(body.parts[1]), 200)
    const both = await Promise.all([complete(body.upload_id), complete(body.upload_id)])
    t.strictSame(
      both.map(answer => answer.status),
      [202, 202],
    )
    t.equal((await jobsIn(db.pool)).length, 1)
    t.match(await get(body.upload_id), { body: { status: 'stored', size_bytes: size } })
  },
)

t.test('a repeat with the same key has parts of the same upload, also at the same moment', async t => {
  const { call, announced } = await testMedia(t, { maxPutBytes: 5 * MiB })
  const about = announced({ size_bytes: size, sha256: undefined })
  const headers = { ...as.us, 'idempotency-key': 'parts' }
  const answers = await Promise.all([1, 2, 3].map(() => call('POST', '/v1/media/presign', headers, about)))
  const ids = answers.map(({ body }) => new URL(body.parts[0].url).searchParams.get('uploadId'))
  t.equal(new Set(ids).size, 1)
  for (const { url, size_bytes } of answers[0]?.body.parts ?? [])
    await fetch(url, { method: 'PUT', body: Buffer.alloc(size_bytes) })
  t.match(
    await call('POST', '/v1/media/presign', headers, about),
    { status: 200, body: { status: 'stored', parts: undefined } },
    'with all its parts there it is whole',
  )
})

t.test(
  'the sweep joins parts whose client is gone, and frees those of an upload that never ended',
  async t => {
    const { call, announced, get, db } = await testMedia(t, {
      ...{ maxPutBytes: 5 * MiB, sweepMs: 5, graceSeconds: 0 },
    })
    const about = announced({ size_bytes: size, sha256: undefined })
    const [whole, half] = await Promise.all([1, 2].map(() => call('POST', '/v1/media/presign', as.us, about)))
    const put = async (part: { url: string; size_bytes: number }) =>
      (await fetch(part.url, { method: 'PUT', body: Buffer.alloc(part.size_bytes) })).status
    for (const part of whole?.body.parts ?? []) t.equal(await put(part), 200)
    t.equal(await put(half?.body.parts[0]), 200)
    await db.pool.query("update media.uploads set expires_at = now() - interval '1 second' where id = $1", [
      half?.body.upload_id,
    ])
    const until = async (id: string, status: string) => {
      for (const end = Date.now() + 10_000; Date.now() < end; )
        if ((await get(id)).body.status === status) return true
      return false
    }
    t.ok(await until(whole?.body.upload_id, 'stored'))
    t.ok(await until(half?.body.upload_id, 'expired'))
  },
)

t.test('the URLs of parts last until a large file is sent', async t => {
  const GiB = 1024 ** 3
  const { call, announced } = await testMedia(t, { maxPutBytes: 5 * GiB })
  const about = announced({ size_bytes: 64 * GiB, sha256: undefined })
  const { body } = await call('POST', '/v1/media/presign', as.us, about)
  const seconds = Number(new URL(body.parts.at(-1).url).searchParams.get('X-Amz-Expires'))
  t.ok(seconds > 64_000, 'at a megabyte a second')
  t.ok(Date.parse(body.expires_at) - Date.now() > (seconds - 60) * 1000, 'and the upload waits for them')
  t.equal(partSeconds(6 * GiB, 7200), 7200, 'never shorter than any other')
  t.equal(partSeconds(5000 * GiB, 3600), 604_800, 'nor longer than the store takes')
})

t.test('parts are few, equal and within what the store takes', async t => {
  const GiB = 1024 ** 3
  t.equal(partSize(6 * GiB, 5 * GiB), 64 * MiB)
  t.equal(partSize(64 * GiB, 5 * GiB), 328 * MiB)
  t.ok(Math.ceil((64 * GiB) / partSize(64 * GiB, 5 * GiB)) <= 200)
})
