import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { mock } from 'node:test'
import t from 'tap'
import { createOpenStreams } from './open-streams.ts'

const patienceMs = 60_000
const app = { addHook: () => undefined } as unknown as Parameters<typeof createOpenStreams>[0]
const lines = () => Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(1_000)))

/** A reader that takes a chunk whenever it is told to. */
function slowReader() {
  const taken: (() => void)[] = []
  const reader = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => taken.push(done) })
  return { reader, take: () => taken.shift()?.() }
}

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => mock.timers.reset())

t.test('a reader that takes nothing for long loses its place, once; a slow one keeps it', async t => {
  const stream = lines()
  let left = 0
  createOpenStreams(app, { patienceMs }).add(stream, () => left++)
  const { reader, take } = slowReader()
  stream.pipe(reader)
  for (let chunk = 0; chunk < 5; chunk++) {
    await once(stream, 'pause')
    mock.timers.tick(patienceMs - 1)
    t.notOk(stream.destroyed)
    take()
  }
  await once(stream, 'pause')
  mock.timers.tick(patienceMs)
  t.match(await once(stream, 'error'), [{ message: 'the reader took nothing for 60 s' }])
  if (!stream.closed) await once(stream, 'close')
  t.equal(left, 1)
})

t.test('what takes long to make is no fault of its reader', async t => {
  const stream = new Readable({ read() {} })
  createOpenStreams(app, { patienceMs }).add(stream, () => {})
  stream.resume()
  await once(stream, 'resume')
  mock.timers.tick(10 * patienceMs)
  t.notOk(stream.destroyed)
  stream.destroy()
})

t.test('a server that closes ends what is open', async t => {
  let close: (() => Promise<void>) | undefined
  const closing = { addHook: (_name: string, hook: () => Promise<void>) => (close = hook) }
  const streams = createOpenStreams(closing as unknown as typeof app, { patienceMs })
  const stream = lines()
  const left = new Promise<void>(resolve => streams.add(stream, resolve))
  await close?.()
  await left
  t.ok(stream.destroyed)
})
