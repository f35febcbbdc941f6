import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { as, type TestOptions, testMedia } from '../test-media.ts'

type Frame = { id?: string; data?: { status: string; progress: { rows_seen: number } }; comment?: string }

/** A stream of events over a real socket; `next()` gives the next frame, undefined at the end. */
async function follow(port: number, id: string, headers: Record<string, string> = as.us) {
  const request = httpGet({ port, path: `/v1/media/uploads/${id}/events`, headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const frames = framesOf(response)
  return {
    response,
    next: async () => (await frames.next()).value as Frame | undefined,
    leave: () => request.destroy(),
  }
}

async function* framesOf(response: IncomingMessage): AsyncGenerator<Frame> {
  let buffered = ''
  for await (const chunk of response) {
    buffered += chunk
    for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
      const lines = buffered.slice(0, end).split('\n')
      buffered = buffered.slice(end + 2)
      const of = (name: string) => lines.find(line => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const [id, data, comment] = [of('id'), of('data'), of('')]
      if (data) yield { ...(id && { id }), data: JSON.parse(data) }
      else if (comment) yield { comment }
    }
  }
}

async function following(t: Test, options: TestOptions = {}) {
  const media = await testMedia(t, options)
  await media.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = media.app.server.address() as AddressInfo
  const signed = await media.presign()
  const load = (set: string) =>
    media.db.pool.query(`update prices.loads set ${set} where upload_id = $1`, [signed.upload_id])
  const store = async () => {
    await media.put(signed)
    await media.complete(signed.upload_id)
  }
  const streams = async () =>
    /glimmr_upload_streams\{.*\} (\d+)/.exec((await media.call('GET', '/metrics', {})).body)?.[1]
  return { ...media, port, id: signed.upload_id, load, store, streams }
}

t.test('the present state comes at once, then every change, then the end', async t => {
  const { port, id, load, store } = await following(t)
  const { response, next } = await follow(port, id)
  t.match(response.headers, { 'content-type': /^text\/event-stream/, 'cache-control': 'no-store' })
  t.equal((await next())?.data?.status, 'waiting')
  await store()
  t.equal((await next())?.data?.status, 'stored')
  await load("status = 'loading', rows_seen = 5")
  t.match(await next(), { data: { status: 'loading', progress: { rows_seen: 5 } } })
  await load("status = 'published', rows_seen = 9")
  t.match(await next(), { data: { status: 'published', progress: { rows_seen: 9 } } })
  t.equal(await next(), undefined, 'the stream ends')
})

t.test('a change that somebody new sees first is told to those who watch already', async t => {
  const { port, id, store } = await following(t, { pollMs: 1_000_000, heartbeatMs: 1_000_000 })
  const first = await follow(port, id)
  t.equal((await first.next())?.data?.status, 'waiting')
  await store()
  const second = await follow(port, id)
  t.equal((await second.next())?.data?.status, 'stored')
  t.equal((await first.next())?.data?.status, 'stored')
  first.leave()
  second.leave()
})

t.test('who comes back with Last-Event-ID hears only what is new, and nothing once it has ended', async t => {
  const { port, id, load, store } = await following(t)
  const first = await follow(port, id)
  const waiting = await first.next()
  first.leave()
  const second = await follow(port, id, { ...as.us, 'last-event-id': waiting?.id ?? '' })
  await store()
  t.equal((await second.next())?.data?.status, 'stored')
  await load("status = 'published'")
  const last = await second.next()
  t.equal(last?.data?.status, 'published')
  const third = await follow(port, id, { ...as.us, 'last-event-id': last?.id ?? '' })
  t.equal(third.response.statusCode, 204)
  const late = await follow(port, id)
  t.equal((await late.next())?.data?.status, 'published')
  t.equal(await late.next(), undefined)
})

t.test('a silent stream shows that it lives', async t => {
  const { port, id } = await following(t, { heartbeatMs: 5 })
  const { next, leave } = await follow(port, id)
  await next()
  t.match(await next(), { comment: 'still here' })
  leave()
})

t.test('streams have a bound, and one whose client is gone frees its place', async t => {
  const { port, id, streams, call } = await following(t, { maxStreams: 2 })
  const [one, two] = await Promise.all([follow(port, id), follow(port, id)])
  t.equal(await streams(), '2')
  t.match(await call('GET', `/v1/media/uploads/${id}/events`, as.us), {
    status: 429,
    headers: { 'retry-after': '10' },
  })
  one.leave()
  two.leave()
  for (const end = Date.now() + 10_000; (await streams()) !== '0' && Date.now() < end; );
  t.equal(await streams(), '0')
  const again = await follow(port, id)
  t.equal(again.response.statusCode, 200)
  again.leave()
})

t.test('closing the service ends its streams', async t => {
  const { port, id, app } = await following(t)
  const { next } = await follow(port, id)
  await next()
  await app.close()
  t.equal(await next(), undefined)
})
