import t from 'tap'
import { as, jobsIn, testMedia } from '../test-media.ts'

t.test('an upload that nobody completes is found, and one that never comes expires', async t => {
  const { presign, put, get, db, complete } = await testMedia(t, { sweepMs: 5, graceSeconds: 0 })
  const [sent, never] = await Promise.all([presign(), presign()])
  t.equal(await put(sent), 200)
  await db.pool.query("update media.uploads set expires_at = now() - interval '1 second' where id = $1", [
    never.upload_id,
  ])
  const until = async (id: string, status: string) => {
    for (const end = Date.now() + 10_000; Date.now() < end; ) {
      if ((await get(id)).body.status === status) return true
    }
    return false
  }
  t.ok(await until(sent.upload_id, 'stored'))
  t.match(await get(sent.upload_id), { body: { stored_by: 'sweep' } })
  t.ok(await until(never.upload_id, 'expired'))
  t.match(await complete(never.upload_id), { status: 409 })
  t.equal((await jobsIn(db.pool)).length, 1)
})

t.test('an expired upload lives again under its Idempotency-Key', async t => {
  const { call, announced, put, complete, db, get } = await testMedia(t)
  const headers = { ...as.us, 'idempotency-key': 'again' }
  const { body } = await call('POST', '/v1/media/presign', headers, announced())
  await db.pool.query("update media.uploads set status = 'expired', expires_at = now() - interval '1 day'")
  t.match(await get(body.upload_id), { body: { status: 'expired' } })
  const renewed = await call('POST', '/v1/media/presign', headers, announced())
  t.equal(renewed.body.upload_id, body.upload_id)
  t.equal(await put(renewed.body), 200)
  t.equal((await complete(body.upload_id)).status, 202)
})
