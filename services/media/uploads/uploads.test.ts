import t from 'tap'
import { as, testMedia, text } from '../test-media.ts'

t.test(
  'an organisation sees its own uploads and no trace of others, an admin of another one neither',
  async t => {
    const { presign, put, complete, get, call } = await testMedia(t)
    const [ours, theirs] = await Promise.all([presign(), presign({}, as.them)])
    await put(ours)
    for (const path of ['', '/events', '/download']) {
      const answer = await call('GET', `/v1/media/uploads/${ours.upload_id}${path}`, as.them)
      t.match(answer, { status: 404, body: { detail: /no upload .* of your organisation/ } }, path)
    }
    t.equal((await complete(ours.upload_id, as.them)).status, 404)
    t.match(await get(ours.upload_id), { status: 200, body: { status: 'waiting' } })
    t.equal((await get(theirs.upload_id, as.admin)).status, 404)
    const ids = async (who: Record<string, string>) => {
      const { body } = await call('GET', '/v1/media/uploads', who)
      return body.uploads.map((upload: { upload_id: string }) => upload.upload_id)
    }
    t.strictSame(await ids(as.us), [ours.upload_id])
    t.strictSame(await ids(as.them), [theirs.upload_id])
    t.equal((await ids(as.admin)).length, 0)
    t.equal((await get('00000000-0000-4000-8000-000000000000')).status, 404)
    t.equal((await get('x')).status, 400)
  },
)

t.test('the list pages from the newest, by status, and loses none', async t => {
  const { presign, put, complete, call } = await testMedia(t)
  const made: string[] = []
  for (let n = 0; n < 5; n++) made.push((await presign()).upload_id)
  const stored = await presign()
  await put(stored)
  await complete(stored.upload_id)
  const found: string[] = []
  let url: string | undefined = '/v1/media/uploads?limit=2'
  while (url) {
    const { body, headers } = await call('GET', url, as.us)
    found.push(...body.uploads.map((upload: { upload_id: string }) => upload.upload_id))
    url = /<(.*)>; rel="next"/.exec(String(headers.link ?? ''))?.[1]
  }
  t.strictSame(found, [stored.upload_id, ...made.toReversed()])
  const { body } = await call('GET', '/v1/media/uploads?status=stored', as.us)
  t.equal(body.uploads.length, 1)
  t.equal((await call('GET', '/v1/media/uploads?cursor=x', as.us)).status, 400)
})

t.test("the state shows the pipeline's progress, findings and end", async t => {
  const { presign, put, complete, get, db } = await testMedia(t)
  const { upload_id: id, ...signed } = await presign()
  await put({ upload_id: id, ...signed })
  await complete(id)
  const load = (set: string) => db.pool.query(`update prices.loads set ${set} where upload_id = $1`, [id])
  await load("status = 'loading', bytes_read = 10, rows_seen = 3, rows_loaded = 2, rows_rejected = 1")
  t.match((await get(id)).body, {
    status: 'loading',
    progress: { bytes_read: 10, bytes_total: text.length, rows_seen: 3, rows_loaded: 2, rows_rejected: 1 },
  })
  const reasons = [{ rule: 'glimmr.not-a-price-file', message: 'It is a PDF', cell: 'A1' }]
  await db.pool.query('update prices.loads set status = $1, reasons = $2', [
    'rejected',
    JSON.stringify(reasons),
  ])
  t.match((await get(id)).body, { status: 'rejected', reasons })
  await load("status = 'failed', reasons = '[]', error = 'connect ECONNREFUSED 10.0.0.7'")
  const { body } = await get(id)
  t.match(body, { status: 'failed', reasons: [{ rule: 'glimmr.failed' }] })
  t.notMatch(JSON.stringify(body), '10.0.0.7', 'inner faults are for the log')
})

t.test('a stored file can be downloaded under its own name, one that is not there cannot', async t => {
  const { presign, put, complete, call } = await testMedia(t)
  const signed = await presign({ filename: 'Preise "Süd".csv' })
  const path = `/v1/media/uploads/${signed.upload_id}/download`
  t.match(await call('GET', path, as.us), { status: 409 })
  await put(signed)
  await complete(signed.upload_id)
  const answer = await call('GET', path, as.us)
  t.equal(answer.status, 302)
  const file = await fetch(String(answer.headers.location))
  t.equal(await file.text(), text)
  t.equal(file.headers.get('content-disposition'), "attachment; filename*=UTF-8''Preise%20%22S%C3%BCd%22.csv")
})
