/**
 * The first journey on real price files, which live outside the repository (GLIMMR_SHARED, or ../shared beside the
 * checkout): an upload by curl, the prices over REST and GraphQL, one trace through all of it, and a kill -9 on the way.
 * Prints what held and what did not; the last line is `N passed, N failed`.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { startOtlpReceiver } from '@glimmr/dev/otlp-receiver'
import { readOptions } from '@glimmr/lib/command'
import { createS3Client } from '@glimmr/lib/s3'
import { GraphQLClient } from 'graphql-request'
import type { PlatformFile, Secrets } from './data-folder.ts'
import { call, complete, presign, putWithCurl, sha256Of, untilEnded } from './journey-client.ts'

readOptions(
  {},
  `Real price files (../shared/mrf beside the checkout, or GLIMMR_SHARED) from the upload to the price, with a kill on the way.

  npm run check:journey`,
)

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(process.env.GLIMMR_SHARED ?? resolve(root, '../shared'), 'mrf')
const totals = '{ rates_aggregate { aggregate { count sum { negotiated_dollar } } } }'
const traceId = randomBytes(16).toString('hex')
const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
const counts = { passed: 0, failed: 0 }
const dataDir = join(tmpdir(), `glimmr-journey-${process.pid}`)

if (!existsSync(folder)) console.log(`skipped: there is no ${folder}`)
else {
  try {
    await journey()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 ? 1 : 0

async function journey(): Promise<void> {
  const receiver = await startOtlpReceiver()
  let running = await start(receiver.env)
  try {
    await fileToAnswer(running.file)
    await oneTrace(running, receiver)
    running = await start({})
    running = await killedWhileLoading(running)
  } finally {
    await stop(running.child)
    await receiver.close()
  }
}

type Running = { child: ChildProcess; file: PlatformFile }

async function start(env: Record<string, string>): Promise<Running> {
  await rm(join(dataDir, 'platform.json'), { force: true })
  const args = ['start.ts', '--port', '0', '--store-port', '0', '--data', dataDir, '--no-samples']
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (const end = Date.now() + 60_000; Date.now() < end && child.exitCode === null; await wait(20)) {
    const text = await readFile(join(dataDir, 'platform.json'), 'utf8').catch(() => undefined)
    if (text) return { child, file: JSON.parse(text) }
  }
  throw new Error('the platform did not start')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(closed => child.once('close', closed))
  child.kill('SIGINT')
  await ended
}

async function check(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
    counts.passed++
    console.log(`ok - ${name}`)
  } catch (error) {
    counts.failed++
    console.log(`not ok - ${name}\n${error instanceof Error ? error.message : error}`)
  }
}

async function testFile(number: string): Promise<string> {
  const name = (await readdir(folder)).find(found => found.startsWith(`${number}_`))
  if (!name) throw new Error(`${folder} has no file ${number}`)
  return join(folder, name)
}

function graphql<Answer>(file: PlatformFile, query: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${file.keys.partner}`, traceparent }
  return new GraphQLClient(`${file.gateway_url}/v1/links/graphql`, { headers }).request<Answer>(query)
}

type Totals = { rates_aggregate: { aggregate: { count: number; sum: { negotiated_dollar: number } } } }

async function fileToAnswer(file: PlatformFile): Promise<void> {
  await check('file 16: 198,769 rows seen = loaded + rejected, published', async () => {
    const path = await testFile('16')
    const presigned = await presign(file, path, { headers: { traceparent }, contentType: 'application/gzip' })
    equal(await putWithCurl(path, presigned), 200)
    equal((await complete(file, presigned.upload_id)).status, 202)
    const { status, progress } = await untilEnded(file, presigned.upload_id)
    equal(status, 'published')
    equal(progress.rows_seen, 198_769)
    equal(progress.rows_seen, progress.rows_loaded + progress.rows_rejected)
  })
  await check('file 16 in the store, read with the AWS SDK: the bytes that were sent', async () => {
    const { store_access_key_id, store_secret_access_key }: Secrets = JSON.parse(
      await readFile(join(dataDir, 'secrets.json'), 'utf8'),
    )
    const s3 = createS3Client({
      endpoint: file.store_url,
      region: 'auto',
      bucket: 'glimmr',
      accessKeyId: store_access_key_id,
      secretAccessKey: store_secret_access_key,
    })
    const { Contents: [object] = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: 'glimmr', Prefix: 'uploads/' }),
    )
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'glimmr', Key: object?.Key }))
    const hash = createHash('sha256').update((await Body?.transformToByteArray()) ?? '')
    equal(hash.digest('hex'), await sha256Of(await testFile('16')))
    s3.destroy()
  })
  await check('file 16 over GraphQL: 150,039 rates, 756,221,626.96 dollars', async () => {
    const { rates_aggregate } = await graphql<Totals>(file, totals)
    deepEqual(rates_aggregate.aggregate, { count: 150_039, sum: { negotiated_dollar: 756_221_626.96 } })
  })
  await check('file 16 over REST: every price of a code once, the same dollars as GraphQL', async () => {
    const found = await graphql<{ item_codes: { code: string; code_type: string }[] }>(
      file,
      '{ item_codes(limit: 1, where: {code_type: {_neq: "RC"}, item: {charges: {rates: {negotiated_dollar: {_is_null: false}}}}}) { code code_type } }',
    )
    const [wanted] = found.item_codes
    ok(wanted)
    const where = `{ charge: { item: { codes: { code_type: { _eq: "${wanted.code_type}" }, code: { _eq: "${wanted.code}" } } } } }`
    const { rates_aggregate } = await graphql<Totals>(
      file,
      `{ rates_aggregate(where: ${where}) { aggregate { count sum { negotiated_dollar } } } }`,
    )
    const prices = await everyPrice(file, wanted)
    const rates = prices.filter(price => price.negotiated_dollar !== null)
    ok(rates.length > 0)
    const cents = rates.reduce((sum, price) => sum + Math.round((price.negotiated_dollar ?? 0) * 100), 0)
    equal(cents, Math.round(rates_aggregate.aggregate.sum.negotiated_dollar * 100))
  })
}

type Price = { negotiated_dollar: number | null }

async function everyPrice(
  file: PlatformFile,
  { code, code_type }: { code: string; code_type: string },
): Promise<Price[]> {
  const prices: Price[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const parameters = new URLSearchParams({ code, code_type, limit: '50', ...(cursor && { cursor }) })
    const page: { status: number; body: { prices: Price[]; next_cursor: string | null } } = await call(
      `${file.gateway_url}/v1/core/prices?${parameters}`,
      { key: file.keys.partner, headers: { traceparent } },
    )
    equal(page.status, 200)
    prices.push(...page.body.prices)
    cursor = page.body.next_cursor
  }
  return prices
}

async function oneTrace(
  { child }: Running,
  receiver: Awaited<ReturnType<typeof startOtlpReceiver>>,
): Promise<void> {
  await stop(child) // what is left of the spans leaves at the end
  await check(
    'one trace runs from the presign call through job, load and publish to the queries',
    async () => {
      const names = receiver.spans.filter(span => span.traceId === traceId).map(span => span.name)
      const expected = [/presign/, /^job/, /load/, /publish/, /v1\/core\/prices/, /graphql/]
      for (const name of expected)
        ok(
          names.some(found => name.test(found)),
          `${name} is not among ${[...new Set(names)].join(', ')}`,
        )
    },
  )
}

async function killedWhileLoading(running: Running): Promise<Running> {
  const path = await testFile('19')
  const presigned = await presign(running.file, path, { contentType: 'application/gzip' })
  equal(await putWithCurl(path, presigned), 200)
  await complete(running.file, presigned.upload_id)
  const before = (await graphql<Totals>(running.file, totals)).rates_aggregate.aggregate.count
  await check('file 19, killed while it loads: nothing of it was visible', async () => {
    await untilRowsWereLoaded(running.file, presigned.upload_id)
    equal((await graphql<Totals>(running.file, totals)).rates_aggregate.aggregate.count, before)
  })
  const ended = new Promise(closed => running.child.once('close', closed))
  running.child.kill('SIGKILL')
  await ended
  const again = await start({})
  await check(
    'file 19 after the restart: the job ends by itself, 2,353,720 rates, nothing doubled',
    async () => {
      const state = await untilEnded(again.file, presigned.upload_id)
      equal(state.status, 'published')
      const where = `(where: { file_id: { _eq: ${state.file_id} } })`
      const { rates_aggregate } = await graphql<Totals>(
        again.file,
        totals.replace('rates_aggregate', `rates_aggregate${where}`),
      )
      deepEqual(rates_aggregate.aggregate, {
        count: 2_353_720,
        sum: { negotiated_dollar: 3_383_477_532.87418 },
      })
      equal((await graphql<Totals>(again.file, totals)).rates_aggregate.aggregate.count, before + 2_353_720)
    },
  )
  return again
}

async function untilRowsWereLoaded(file: PlatformFile, uploadId: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await wait(1_500)) {
    const { body } = await call<{ status: string; progress: { rows_seen: number } }>(
      `${file.gateway_url}/v1/media/uploads/${uploadId}`,
      { key: file.keys.uploader },
    )
    if (body.status === 'loading' && body.progress.rows_seen > 0) return
    if (body.status === 'published') throw new Error('it was published before it could be killed')
  }
  throw new Error('it did not begin to load')
}
