import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { migrate } from '@glimmr/db/migrate'
import { startPostgres } from '@glimmr/dev/postgres'
import { postgresAccount } from '@glimmr/dev/postgres-account'
import { startScratchPostgres } from '@glimmr/dev/scratch-postgres'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createPool, one, type Pool, rows } from '@glimmr/lib/db'
import { createS3Client, type S3Config } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import { pino } from 'pino'
import t from 'tap'
import { build } from './server.ts'
import { storeSource } from './source/store-object.ts'
import { aJsonItem, anItem, csv, json } from './test-files.ts'
import { addOrganisation, ended, startStore, until, upload } from './test-store.ts'

type Test = Parameters<typeof createTestDatabase>[0]

/** The pipeline on a database and a store, uploads going to the store itself. */
async function setUp(t: Test, db: { pool: Pool; url: string }, s3: S3Config, pipelineS3 = s3) {
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  const app = await build({ databaseUrl: db.url, log: pino({ level: 'silent' }), s3: pipelineS3 })
  await app.ready()
  t.teardown(() => app.close())
  return { db, client, app, organisation: await addOrganisation(db) }
}

async function testDatabase(t: Test) {
  const { pool, urlFor } = await createTestDatabase(t)
  return { pool, url: urlFor('glimmr_pipeline') }
}

const published = (pool: Pool) => rows(pool, sql`select id from prices.files where status = 'published'`)

/** Stands before the store and cuts each object's first download off after `bytes`. */
async function startCutter(
  t: Test,
  store: URL,
  bytes: number,
): Promise<{ endpoint: string; cuts: () => number }> {
  const served = new Set<string>()
  let cuts = 0
  const server = createServer((asked, answer) => {
    const { method, headers, url = '/' } = asked
    const path = new URL(url, store).pathname
    const cut = method === 'GET' && !headers.range && !served.has(path)
    if (cut) served.add(path)
    const forwarded = request(
      { host: store.hostname, port: store.port, path: url, method, headers },
      reply => {
        answer.writeHead(reply.statusCode ?? 500, reply.headers)
        if (!cut) return reply.pipe(answer)
        cuts++
        let sent = 0
        reply.on('data', (chunk: Buffer) => {
          answer.write(chunk)
          sent += chunk.length
          if (sent >= bytes) asked.socket.destroy()
        })
      },
    )
    // What is cut off breaks both sides.
    for (const side of [forwarded, asked, answer]) side.on('error', () => {})
    asked.pipe(forwarded)
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cuts: () => cuts }
}

const large = csv(
  Array.from({ length: 20_000 }, (_, at) => ({
    ...anItem,
    plan_name: `Plan ${at % 50}`,
    description: `Item ${at}`,
  })),
)

t.test(
  'a connection to the store that breaks is no end of the file: the load is repeated',
  { timeout: 150_000 },
  async t => {
    const s3 = await startStore(t)
    const cutter = await startCutter(t, new URL(s3.endpoint), 300_000)
    const db = await testDatabase(t)
    const setting = await setUp(t, db, s3, { ...s3, endpoint: cutter.endpoint })
    const uploads = [
      await upload(setting, large),
      await upload(setting, gzipSync(json(Array(50_000).fill(aJsonItem)), { level: 0 })),
    ]
    await setting.app.start()
    const waiting = await until(setting, uploads[0] ?? '', load => load.error !== null || ended(load))
    t.match(
      waiting,
      { status: 'loading', error: /\w/ },
      'while it waits for its next attempt, its row says why',
    )
    const loads = await Promise.all(uploads.map(id => until(setting, id, ended)))
    t.match(loads, [
      { status: 'published', rows_loaded: '20000', attempts: 2, error: null },
      { status: 'published', rows_loaded: '50000', attempts: 2, error: null },
    ])
    t.equal(cutter.cuts(), 2)
  },
)

t.test(
  'an object that is replaced or deleted while it is read in ranges is noticed at the next range',
  async t => {
    const s3 = await startStore(t)
    const client = createS3Client(s3)
    t.teardown(() => client.destroy())
    const { signal } = new AbortController()
    const put = (body: string) =>
      client.send(new PutObjectCommand({ Bucket: 'glimmr', Key: 'a', Body: body }))
    const { ETag } = await put('first content')
    const source = await storeSource({ client, bucket: 'glimmr', key: 'a', etag: ETag ?? null }, signal)
    for await (const part of await source.read({ start: 0, end: 5 }, signal)) t.equal(String(part), 'first')
    await put('other content')
    await t.rejects(source.read({ start: 5, end: 9 }, signal), {
      name: 'SourceChanged',
      message: /replaced while it was read/,
    })
    await client.send(new DeleteObjectCommand({ Bucket: 'glimmr', Key: 'a' }))
    await t.rejects(source.read({ start: 5, end: 9 }, signal), {
      name: 'SourceChanged',
      message: /no longer in the store/,
    })
  },
)

t.test('after files of every hostile kind the worker loads the next one', { timeout: 150_000 }, async t => {
  const db = await testDatabase(t)
  const setting = await setUp(t, db, await startStore(t))
  const deep = '['.repeat(200_000)
  const hostile = [
    `${csv([anItem])}${'x'.repeat(6 << 20)}`,
    `${','.repeat(1_000_000)}\n`,
    csv([{ ...anItem, description: '"'.repeat(100_000) }]).slice(0, -200),
    json([aJsonItem]).replace('{', `{"a":${deep},`),
    Buffer.alloc(1 << 20),
    randomBytes(1 << 20),
    gzipSync(gzipSync(csv([anItem]))),
    gzipSync(Buffer.alloc(100 << 20, 'a,b\n')),
    gzipSync(csv([anItem])).subarray(0, 200),
    '%PDF-1.7',
    '<html></html>',
    '{"a":1}\n{"a":2}\n',
  ]
  const uploads = []
  for (const body of hostile) uploads.push(await upload(setting, body))
  const before = process.memoryUsage.rss()
  await setting.app.start()
  const loads = []
  for (const id of uploads) loads.push(await until(setting, id, ended))
  for (const [at, load] of loads.entries()) {
    const reason = load.reasons[0] as { rule: string; message?: string } | undefined
    t.ok(load.status === 'rejected' || load.status === 'published', `${at}: ${load.status}, ${reason?.rule}`)
    if (load.status === 'rejected') t.ok((reason?.message ?? '').length > 30, reason?.message ?? 'no reason')
    t.equal(load.attempts, 1, `${at} is tried once`)
  }
  t.ok(
    process.memoryUsage.rss() - before < 400e6,
    `${Math.round((process.memoryUsage.rss() - before) / 1e6)} MB more`,
  )
  t.match(
    await until(setting, await upload(setting, csv([anItem, { ...anItem, plan_name: 'good' }])), ended),
    { status: 'published' },
  )
})

/**
 * A limit on the size of files makes a table that outgrows it fail as on a full disk, without a disk. Set by the server's
 * own account: nobody else may, not even root in a container.
 */
async function limitFiles(pid: number, bytes: number | 'unlimited'): Promise<void> {
  const args = ['--pid', String(pid), `--fsize=${bytes}:unlimited`]
  execFileSync('prlimit', args, { stdio: 'ignore', cwd: '/', ...(await postgresAccount()) })
}

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What is stored is random, so that nothing is compressed: 30 MB. */
const largeFile = () =>
  csv(
    Array.from({ length: 5000 }, (_, at) => ({
      ...anItem,
      description: `Item ${at}`,
      additional_generic_notes: randomBytes(4500).toString('base64'),
    })),
  )
const fullDisk = {
  timeout: 150_000,
  skip: hasPrlimit() ? false : 'skipped: there is no prlimit here to stand for a full disk',
}

/** The end of a load, asked for over connections that may still be those of the server that is gone. */
async function untilBack(setting: Awaited<ReturnType<typeof setUp>>, id: string) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const load = await until(setting, id, ended).catch(() => undefined)
    if (load) return load
  }
  return until(setting, id, ended)
}

/** A server of its own, on which limits can be set, and a pipeline beside it. */
async function serverToFill(t: Test, settings?: Record<string, string>) {
  const postgres = await startScratchPostgres('full-disk', settings)
  t.teardown(() => postgres.stop())
  const url = postgres.url('postgres')
  await migrate({ url })
  const pool = createPool({ url, name: 'test', max: 2, onError: () => {} })
  t.teardown(() => pool.end())
  const db = { pool, url: postgres.url('postgres', 'glimmr_pipeline') }
  return { postgres, pool, setting: await setUp(t, db, await startStore(t)) }
}

t.test(
  'a full disk: the load says so, is tried again, shows nothing, and comes through once there is room',
  fullDisk,
  async t => {
    const { postgres, pool, setting } = await serverToFill(t)
    const id = await upload(setting, largeFile())
    // A segment of the write-ahead log has 16 MB, so tables fail first.
    await limitFiles(postgres.pid, 17 << 20)
    await setting.app.start()
    const waiting = await until(setting, id, load => load.error !== null || ended(load))
    t.match(waiting, { status: 'loading', error: /could not (extend|write)|too large|space/i })
    t.same(await published(pool), [])
    await limitFiles(postgres.pid, 'unlimited')
    t.match(await until(setting, id, ended), { status: 'published', rows_loaded: '5000', error: null })
    t.match(await rows(pool, sql`select count(*)::int as rates from prices.rates`), [{ rates: 5000 }])
  },
)

t.test(
  'no room for the write-ahead log, which ends every connection: the load comes through once there is room',
  fullDisk,
  async t => {
    // It would come back by itself where the log has room for the checkpoint of its recovery, and not end.
    const { postgres, pool, setting } = await serverToFill(t, { restart_after_crash: 'off' })
    const { data_directory: dataDir } = await one<{ data_directory: string }>(pool, sql`show data_directory`)
    const id = await upload(setting, largeFile())
    // A page less than a segment of it, so no new one can be made; no table gets there before the log of its rows.
    await limitFiles(postgres.pid, (16 << 20) - 8192)
    await setting.app.start()
    await postgres.ended
    // The disk has room again, and whoever runs the server starts it.
    const again = await startPostgres({ dataDir, settings: { fsync: 'off' } })
    t.teardown(() => again.stop())
    t.match(await untilBack(setting, id), { status: 'published', rows_loaded: '5000', error: null })
    t.match(await rows(pool, sql`select count(*)::int as rates from prices.rates`), [{ rates: 5000 }])
  },
)
