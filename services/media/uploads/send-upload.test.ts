import t from 'tap'
import { as, jobsIn, sha256Of, testMedia, text } from '../test-media.ts'

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

t.test('a small file is uploaded by one call', async t => {
  const { app, hospitals, db, call } = await testMedia(t)
  const send = async (part: Part, headers = {}) => {
    const { payload, headers: own } = await form(part)
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/media/uploads',
      payload,
      headers: { ...own, ...headers },
    })
    return { status: answer.statusCode, body: answer.json() }
  }
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
