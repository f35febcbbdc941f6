import t, { type Test } from 'tap'
import { as, jobsIn, sha256Of, type TestOptions, testMedia, text } from '../test-media.ts'

type Part = { filename?: string; type?: string; bytes?: Buffer | string; fields?: Record<string, string> }

/** A form as a browser sends it. */
async function form({ filename = 'prices.csv', type = 'text/csv', bytes = text, fields = {} }: Part) {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  data.append('file', new Blob([bytes], { type }), filename)
  const request = new Request('http://x', { method: 'POST', body: data })
  return {
    payload: Buffer.from(await request.arrayBuffer()),
    headers: { ...as.us, 'content-type': request.headers.get('content-type') ?? '' },
  }
}

async function sender(t: Test, options: TestOptions = {}) {
  const media = await testMedia(t, options)
  const send = async (part: Part, headers = {}) => {
    const { payload, headers: own } = await form(part)
    const answer = await media.app.inject({
      method: 'POST',
      url: '/v1/media/uploads',
      payload,
      headers: { ...own, ...headers },
    })
    const replayed = answer.headers['idempotent-replayed'] === 'true'
    return { status: answer.statusCode, body: answer.json(), replayed }
  }
  return { ...media, send }
}

t.test('a small file is uploaded by one call', async t => {
  const { hospitals, db, call, send } = await sender(t)
  const sent = await send({ fields: { hospital_id: hospitals.ours } })
  t.match(sent, {
    status: 202,
    body: { status: 'stored', filename: 'prices.csv', sha256: sha256Of(text), hospital_id: hospitals.ours },
  })
  t.match(await jobsIn(db.pool), [{ upload_id: sent.body.upload_id }])
  const { headers } = await call('GET', `/v1/media/uploads/${sent.body.upload_id}/download`, as.us)
  t.equal(await (await fetch(String(headers.location))).text(), text)
  t.match(await send({ type: 'image/png' }), { status: 422, body: { errors: [{ path: '/content_type' }] } })
  t.match(await send({ bytes: '' }), { status: 422 })
  t.match(await send({ fields: { hospital_id: hospitals.theirs } }), { status: 422 })
  t.match(await send({ bytes: Buffer.alloc(17 * 1024 * 1024) }), { status: 413 })
  t.match(await send({}, as.viewer), { status: 403 })
  t.match(await call('POST', '/v1/media/uploads', as.us, {}), {
    status: 400,
    body: { errors: [{ path: '/file' }] },
  })
  t.match(
    await send({ bytes: Buffer.alloc(16 * 1024 * 1024, 'x') }),
    { status: 202 },
    'the largest that goes',
  )
})

t.test('a form that is none, or not whole, or holds too much, is a 400 that says so', async t => {
  const { app } = await testMedia(t)
  const send = async (parts: string[], { boundary = 'XX', end = '--XX--\r\n' } = {}) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/media/uploads',
      headers: { ...as.us, 'content-type': `multipart/form-data${boundary && `; boundary=${boundary}`}` },
      payload: parts.map(part => `--XX\r\ncontent-disposition: form-data; ${part}\r\n`).join('') + end,
    })
    return { status: answer.statusCode, body: answer.json() }
  }
  const file = 'name="file"; filename="a.csv"\r\ncontent-type: text/csv\r\n\r\nabc'
  const unread = { status: 400, body: { detail: /^The form cannot be read: / } }
  t.match(await send([file], { boundary: '' }), unread, 'no boundary')
  t.match(await send([file], { end: '' }), unread, 'an early end')
  t.match(await send([], { end: 'garbage' }), unread)
  t.match(await send([file, file]), { status: 400, body: { detail: /more than one file/ } })
  const fields = Array.from({ length: 30 }, (_, n) => `name="field${n}"\r\n\r\nx`)
  t.match(await send([...fields, file]), { status: 400, body: { detail: /more than one file/ } })
  t.match(await send(['name="file"\r\n\r\nabc']), { status: 400, body: { errors: [{ path: '/file' }] } })
  const nameless = 'name="file"\r\ncontent-type: application/octet-stream\r\n\r\nabc'
  t.match(await send([nameless]), { status: 202, body: { filename: 'file' } })
})

const keyed = (key: string, who = as.us) => ({ ...who, 'idempotency-key': key })

t.test(
  'a form that is sent again with its Idempotency-Key is the same upload, with one object and one job',
  async t => {
    const { send, db, hospitals } = await sender(t)
    const answers = await Promise.all(Array.from({ length: 4 }, () => send({}, keyed('k1'))))
    t.same(
      answers.map(({ status }) => status),
      [202, 202, 202, 202],
      'also when they come at once',
    )
    t.equal(new Set(answers.map(({ body }) => body.upload_id)).size, 1)
    t.equal(answers.filter(({ replayed }) => replayed).length, 3)
    const later = await send({}, keyed('k1'))
    t.match(later, {
      status: 202,
      replayed: true,
      body: { upload_id: answers[0]?.body.upload_id, status: 'stored' },
    })
    const others: Part[] = [
      { bytes: `${text}70552,1\n` },
      { filename: 'other.csv' },
      { type: 'application/json' },
      { fields: { hospital_id: hospitals.ours } },
    ]
    for (const other of others)
      t.match(await send(other, keyed('k1')), { status: 409, body: { detail: /used for another file/ } })
    t.not((await send({}, keyed('k2'))).body.upload_id, later.body.upload_id)
    const theirs = await send({}, keyed('k1', as.them))
    t.match(theirs, { status: 202, replayed: false }, 'keys are of one organisation')
    t.not(theirs.body.upload_id, later.body.upload_id)
    t.match(await send({}, keyed('')), { status: 400 })
    t.match(await send({}, keyed('k'.repeat(256))), { status: 400 })
    t.equal((await jobsIn(db.pool)).length, 3)
  },
)

t.test('what was cut off is taken on from where it got to', async t => {
  const { send, call, put, announced, db } = await sender(t)
  for (const [key, sent] of [
    ['before the bytes', false],
    ['after them', true],
  ] as const) {
    // What a form that was cut off leaves is what presign and PUT leave without a complete.
    const { body } = await call('POST', '/v1/media/presign', keyed(key), announced())
    if (sent) t.equal(await put(body), 200)
    const again = await send({}, keyed(key))
    t.match(
      again,
      { status: 202, replayed: true, body: { upload_id: body.upload_id, status: 'stored' } },
      key,
    )
  }
  t.equal((await jobsIn(db.pool)).length, 2)
})

t.test('a store that does not take the file is a 503, and the same key goes on once it does', async t => {
  const { send, store, db } = await sender(t)
  const [serve] = store.server.listeners('request')
  store.server.removeAllListeners('request')
  store.server.on('request', (_request, response) => void response.writeHead(500).end())
  t.match(await send({}, keyed('k')), { status: 503, body: { detail: /does not take the file/ } })
  store.server.removeAllListeners('request')
  store.server.on('request', serve as () => void)
  t.match(await send({}, keyed('k')), { status: 202, replayed: true, body: { status: 'stored' } })
  t.equal((await db.pool.query('select from media.uploads')).rowCount, 1)
})

t.test('a key is forgotten after a week, its upload is not', async t => {
  const { send, db, get } = await sender(t, { sweepMs: 5 })
  const first = await send({}, keyed('k'))
  const kept = async () =>
    (await db.pool.query('select from media.uploads where idempotency_key is not null')).rowCount
  await db.pool.query("update media.uploads set created_at = now() - interval '6 days 23 hours'")
  t.equal((await send({}, keyed('k'))).body.upload_id, first.body.upload_id)
  await db.pool.query("update media.uploads set created_at = now() - interval '7 days 1 second'")
  for (const end = Date.now() + 10_000; (await kept()) !== 0 && Date.now() < end; );
  const second = await send({ filename: 'other.csv' }, keyed('k'))
  t.match(second, { status: 202, replayed: false })
  t.match(await get(first.body.upload_id), { status: 200, body: { filename: 'prices.csv' } })
})
