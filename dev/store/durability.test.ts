import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { bucket, codeOf, keys, send, sign, testClient, testFolder, testStore } from './test-store.ts'

const MiB = 1024 * 1024
const main = join(import.meta.dirname, 'main.ts')

/** The store as a process of its own, as `npm run store` starts it. `prefix` is shell text run before it. */
async function storeProcess(
  t: Test,
  dir: string,
  prefix = '',
): Promise<{ child: ChildProcess; url: string }> {
  // Without tap's hooks in the child: they take SIGXFSZ, which node ignores, and change what memory it needs.
  const script = `${prefix} unset NODE_OPTIONS NODE_V8_COVERAGE; exec "$0" "$@"`
  const args = [main, '--port', '0', '--data', dir, '--bucket', bucket]
  const env = {
    ...process.env,
    STORE_ACCESS_KEY_ID: keys.accessKeyId,
    STORE_SECRET_ACCESS_KEY: keys.secretAccessKey,
  }
  const child = spawn('/bin/sh', ['-c', script, process.execPath, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit')
  })
  // Read to the end, so that the log never fills the pipe.
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', line => {
      const found = /listens on (\S+)/.exec(line)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', code => reject(new Error(`the store ended with ${code} before it listened`)))
  })
  return { child, url }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

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

t.test(
  'kill -9 while parts are joined leaves the object whole or the upload as it was, never neither',
  { skip: process.platform === 'win32' },
  async t => {
    const dir = await testFolder(t)
    const ends: string[] = []
    // The later the kill the further the store gets: from a request on its way to an answer on its way back.
    for (const turns of [0, 20, 100, 400, 1500]) {
      const place = { Bucket: bucket, Key: `joined-${turns}` }
      const { child, url } = await storeProcess(t, dir)
      const client = testClient(t, url)
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(place))
      const part = { ...place, UploadId, PartNumber: 1 }
      const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'all of it' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      const complete = (at: S3Client) =>
        at.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }))
      const answered = complete(client).then(
        () => true,
        () => false,
      )
      for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
      await kill(child)
      const kept = await answered
      const again = await storeProcess(t, dir)
      const after = testClient(t, again.url)
      const read = async () => {
        const { Body } = await after.send(new GetObjectCommand(place))
        return String(await Body?.transformToString())
      }
      const first = await read().catch(error => String(error.name))
      if (kept) t.equal(first, 'all of it', 'what was answered with 200 is there')
      if (first === 'NoSuchKey') await complete(after)
      t.equal(await read(), 'all of it', `after ${turns} turns`)
      t.equal((await readdir(join(dir, 'blobs'))).length, ends.push(first), 'and no byte of anything else')
      await kill(again.child)
    }
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
  const { url, client } = await testStore(t)
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'large', Body: Buffer.alloc(64 * MiB) }))
  const { headers } = sign(url, { path: `/${bucket}/large` })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET /${bucket}/large HTTP/1.1\r\n${lines.join('')}\r\n`)
  await once(socket, 'readable')
  const before = process.memoryUsage().arrayBuffers
  for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
  t.ok(process.memoryUsage().arrayBuffers - before < 8 * MiB)
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
