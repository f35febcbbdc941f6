import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { kill, main, storeProcess } from './test-process.ts'
import { bucket, codeOf, send, sign, testClient, testFolder, testStore } from './test-store.ts'

const MiB = 1024 * 1024

/** Begins a PUT of `size` bytes, sends `first` of them and leaves the socket open. */
async function beginPut(url: string, key: string, size: number, first: Buffer) {
  const path = `/${bucket}/${key}`
  const { headers } = sign(url, { method: 'PUT', path, payloadHash: 'UNSIGNED-PAYLOAD' })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  const lines = Object.entries({ ...headers, 'content-length': String(size) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.write(`PUT ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  await new Promise<void>(resolve => socket.write(first, () => resolve()))
  return socket
}

/** Waits until the folder of blobs is as it should be, looking at it again and again for at most ten seconds. */
async function blobsUntil(dir: string, good: (names: string[]) => boolean): Promise<string[]> {
  const until = Date.now() + 10_000
  for (;;) {
    const names = await readdir(join(dir, 'blobs'))
    if (good(names) || Date.now() > until) return names
    await new Promise(resolve => setImmediate(resolve))
  }
}

t.test(
  'kill -9 leaves what was answered with 200, and no half object',
  { skip: process.platform === 'win32' },
  async t => {
    const dir = await testFolder(t)
    const first = await storeProcess(t, dir)
    const client = testClient(t, first.url)
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'kept', Body: 'kept' }))
    const socket = await beginPut(first.url, 'half', 10 * MiB, Buffer.alloc(MiB))
    const names = await blobsUntil(dir, found => found.length === 2)
    t.equal(names.length, 2, 'the half object has begun to be written')
    await kill(first.child)
    socket.destroy()
    const second = await storeProcess(t, dir)
    t.equal((await readdir(join(dir, 'blobs'))).length, 1, 'and is cleared away')
    const again = testClient(t, second.url)
    const list = await again.send(new ListObjectsV2Command({ Bucket: bucket }))
    t.strictSame(
      list.Contents?.map(one => one.Key),
      ['kept'],
    )
    const got = await again.send(new GetObjectCommand({ Bucket: bucket, Key: 'kept' }))
    t.equal(await got.Body?.transformToString(), 'kept')
    const other = promisify(execFile)(process.execPath, [main, '--port', '0', '--data', dir])
    await t.rejects(other, { code: 1, stderr: /Another store is running on the data folder/ })
    second.child.kill('SIGTERM')
    t.strictSame(await once(second.child, 'exit'), [0, null], 'SIGTERM ends it by itself')
  },
)

t.test('a client that goes away leaves nothing', async t => {
  const { url, dir } = await testStore(t)
  const socket = await beginPut(url, 'half', 10 * MiB, Buffer.alloc(MiB))
  await blobsUntil(dir, names => names.length === 1)
  socket.destroy()
  t.strictSame(await blobsUntil(dir, names => names.length === 0), [])
  t.equal(codeOf(await send(url, { path: `/${bucket}/half` })), 'NoSuchKey')
})

t.test(
  'a disk that takes no more is a clear error, nothing is stored, and the store goes on',
  { skip: process.platform === 'win32' },
  async t => {
    const dir = await testFolder(t)
    // No full disk at hand: a limit on the size of files is refused by the same system call, with EFBIG for ENOSPC.
    const { url } = await storeProcess(t, dir, 'ulimit -f 4096;')
    const put = (key: string, size: number) => {
      const body = Buffer.alloc(size)
      return send(url, { method: 'PUT', path: `/${bucket}/${key}`, body, payloadHash: 'UNSIGNED-PAYLOAD' })
    }
    const full = await put('too-large', 8 * MiB)
    t.equal(`${full.status} ${codeOf(full)}`, '507 InsufficientStorage')
    t.strictSame(await readdir(join(dir, 'blobs')), [])
    t.equal((await put('small', 1000)).status, 200)
  },
)

t.test(
  'a large streamed PUT, and reading it, hold little memory',
  { skip: process.platform !== 'linux' && 'reads /proc' },
  async t => {
    const dir = await testFolder(t)
    const { child, url } = await storeProcess(t, dir)
    const client = testClient(t, url)
    const size = 256 * MiB
    const chunk = Buffer.alloc(MiB, 'x')
    const Body = Readable.from(
      Array.from({ length: 256 }, () => chunk),
      { objectMode: false },
    )
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'large', Body, ContentLength: size }))
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'large' }))
    let read = 0
    for await (const piece of got.Body as Readable) read += piece.length
    t.equal(read, size)
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
    const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
    t.ok(peakMiB < 230, `${Math.round(peakMiB)} MiB at most for ${size / MiB} MiB`)
  },
)

t.test('a reader that stops reading does not make the store read ahead', async t => {
  const { store, url, client } = await testStore(t)
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'large', Body: Buffer.alloc(64 * MiB) }))
  const { headers } = sign(url, { path: `/${bucket}/large` })
  const accepted = once(store.server, 'connection')
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const [serverSide] = (await accepted) as [Socket]
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET /${bucket}/large HTTP/1.1\r\n${lines.join('')}\r\n`)
  await once(socket, 'readable')
  // As long as another reader needs for all of it.
  const other = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'large' }))
  await finished((other.Body as Readable).resume())
  t.ok(serverSide.bytesWritten > 0)
  t.ok(serverSide.writableLength < MiB, `${serverSide.writableLength} bytes wait in the store`)
  socket.destroy()
})

t.test('headers have a bound', async t => {
  const { url } = await testStore(t)
  const answer = await send(url, { path: `/${bucket}`, headers: { 'x-amz-meta-long': 'x'.repeat(40_000) } })
  t.equal(answer.status, 431)
})

t.test('npm run store explains itself, and says which argument is wrong', async t => {
  const run = promisify(execFile)
  t.match((await run(process.execPath, [main, '--help'])).stdout, /--secret-access-key/)
  await t.rejects(run(process.execPath, [main, '--port', 'x']), {
    code: 1,
    stderr: '--port must be a number from 0 to 65535.\n',
  })
  await t.rejects(run(process.execPath, [main, '--color']), { code: 1, stderr: /Unknown option '--color'/ })
  const { store } = await testStore(t)
  const { port } = store.server.address() as { port: number }
  const dir = await testFolder(t)
  const inUse = run(process.execPath, [main, '--port', String(port), '--data', dir])
  await t.rejects(inUse, { code: 1, stderr: /EADDRINUSE.*choose one with --port/ })
})
