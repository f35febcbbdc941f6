import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { mock } from 'node:test'
import { createS3Client } from '@glimmr/lib/s3'
import t, { type Test } from 'tap'
import { failWhenSilent } from './fail-when-silent.ts'
import { storeSource } from './store-object.ts'

const { signal } = new AbortController()
const silent = { message: 'the store sent nothing for 1 s' }

/** A store that answers as it is told to, and the source of an object in it. */
async function sourceOf(t: Test, answer: (response: ServerResponse, method: string) => void) {
  const server = createServer(({ method = '' }, response) => {
    response.setHeader('etag', '"x"')
    response.setHeader('content-length', 1_000_000)
    answer(response, method)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  const client = createS3Client({ ...{ endpoint, region: 'auto', bucket: 'b' }, ...keys })
  t.teardown(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })
  return storeSource({ client, bucket: 'b', key: 'k', etag: 'x', silentMs: 1000 }, signal)
}

const keys = { accessKeyId: 'a', secretAccessKey: 'b' }

t.test('a store that stops in the middle of an object fails its reader', async t => {
  const source = await sourceOf(t, (response, method) => {
    if (method === 'HEAD') response.end()
    else response.write(Buffer.alloc(400_000))
  })
  let bytes = 0
  const read = async () => {
    for await (const part of await source.read(undefined, signal)) bytes += part.length
  }
  await t.rejects(read(), silent)
  t.equal(bytes, 400_000)
})

t.test('a store that never answers fails the question', async t => {
  await t.rejects(
    sourceOf(t, () => {}),
    silent,
  )
  const source = await sourceOf(t, (response, method) => method === 'HEAD' && response.end())
  await t.rejects(source.read(undefined, signal), silent)
})

t.test('a reader that takes its time is waited for', async t => {
  const { timers } = mock
  timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => timers.reset())
  const parts = Array.from({ length: 20 }, () => Buffer.alloc(64 << 10))
  const stream = failWhenSilent(Readable.from(parts), 100)
  let bytes = 0
  for await (const part of stream) {
    bytes += part.length
    // By then what is read ahead has come, and nothing more is asked for.
    await new Promise(setImmediate)
    timers.tick(1000)
  }
  t.equal(bytes, 20 * (64 << 10))
})

t.test('who stops reading ends the stream of the store', async t => {
  const body = new Readable({ read() {} })
  const stream = failWhenSilent(body, 100)
  body.push('a')
  for await (const part of stream) {
    t.equal(String(part), 'a')
    break
  }
  t.ok(body.destroyed)
})
