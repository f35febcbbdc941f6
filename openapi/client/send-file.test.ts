import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStore } from '@glimmr/dev/store/server'
import { presignPut } from '@glimmr/lib/presign'
import { createS3Client } from '@glimmr/lib/s3'
import t, { type Test } from 'tap'
import { bytes, createProgress } from './progress.ts'
import { sendFile } from './send-file.ts'

async function fileAndStore(t: Test, content: Buffer) {
  const dir = await mkdtemp(join(tmpdir(), 'glimmr-send-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const keys = { accessKeyId: 'test', secretAccessKey: randomUUID() }
  const store = await createStore({ dataDir: join(dir, 'store'), buckets: ['glimmr'], ...keys })
  t.teardown(() => store.close())
  const { url } = await store.listen(0)
  const s3 = createS3Client({ endpoint: url, region: 'auto', bucket: 'glimmr', ...keys })
  t.teardown(() => s3.destroy())
  const file = join(dir, 'file')
  await writeFile(file, content)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const about = { bucket: 'glimmr', key: 'k', sizeBytes: content.length, contentType: 'text/csv', sha256 }
  const signed = await presignPut(s3, about, 60)
  let sent = 0
  const send = async (more: { url?: string; headers?: Record<string, string> } = {}) => {
    sent = 0
    const range = { start: 0, end: content.length - 1 }
    return sendFile({ file, range, ...signed, ...more, onBytes: count => (sent += count) })
  }
  return { file, send, signed, sentBytes: () => sent }
}

t.test('a file is sent once; the second time the store says 412 before a byte has been sent', async t => {
  const content = Buffer.alloc(20_000_000, 'x')
  const { send, sentBytes, signed, file } = await fileAndStore(t, content)
  t.match(await send({ url: signed.url.replace('/k?', '/other?') }), {
    status: 403,
    code: 'SignatureDoesNotMatch',
  })
  t.equal(sentBytes(), 0)
  t.match(await send(), { status: 200 })
  t.equal(sentBytes(), content.length)
  t.match(await send(), { status: 412, code: 'PreconditionFailed' })
  t.equal(sentBytes(), 0)
  await writeFile(file, 'shorter')
  t.match(await send({ url: signed.url }), { status: 412 })
})

t.test('a file that has changed since it was hashed is refused by the store', async t => {
  const { send, file } = await fileAndStore(t, Buffer.from('first'))
  await writeFile(file, 'other')
  t.match(await send(), { status: 400, code: 'BadDigest' })
  await writeFile(file, 'x')
  await t.rejects(send(), { message: /become shorter while it was sent/ })
})

t.test('a connection that breaks is a sentence', async t => {
  const { send } = await fileAndStore(t, Buffer.alloc(5_000_000))
  const server = createServer(request => request.once('data', () => request.socket.destroy()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`
  await t.rejects(send({ url }), { message: /The connection to the store broke .* Run this again/ })
})

t.test('progress is one line on a terminal, and lines of their own anywhere else', async t => {
  const written = (isTTY: boolean) => {
    let text = ''
    const progress = createProgress({
      isTTY,
      write: (chunk: string | Uint8Array) => {
        text += chunk
        return true
      },
    })
    progress.show('sending', { done: 0, total: 2_000_000 })
    progress.show('sending', { done: 1_000, total: 2_000_000 })
    progress.show('sending', { done: 2_000_000, total: 2_000_000 })
    progress.say('stored')
    return text
  }
  t.equal(written(false), 'sending 0 %  0 B of 2.0 MB\nsending 100 %  2.0 MB of 2.0 MB\nstored\n')
  const [, start, end, stored] = written(true).split('\r\u001b[K')
  t.match(start, /^sending {4}░{30} {3}0 %/)
  t.match(end, /^sending {4}█{30} 100 %/)
  t.equal(stored, 'stored\n')
  t.strictSame([0, 999, 1_000, 1_550_000, 7e12].map(bytes), ['0 B', '999 B', '1.0 kB', '1.6 MB', '7.0 TB'])
})
