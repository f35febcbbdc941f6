/** The whole platform on its own samples, through one port, with the clients that people use. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createS3Client } from '@glimmr/lib/s3'
import { GraphQLClient, gql } from 'graphql-request'
import t from 'tap'
import type { PlatformFile, Secrets } from './data-folder.ts'
import { call, complete, presign, putWithCurl, sha256Of, untilEnded } from './journey-client.ts'
import { type Platform, startPlatform } from './platform.ts'

type Price = {
  negotiated_dollar: number | null
  payer: string | null
  hospital: { name: string }
  file: { id: number; row: number; last_updated_on: string }
}
type Page = { prices: Price[]; next_cursor: string | null }

const sample = fileURLToPath(
  new URL('../dev/samples/041000001_river-valley-hospital_standardcharges.csv', import.meta.url),
)
const dataDir = join(tmpdir(), `glimmr platform ${process.pid}`)
t.teardown(() => rm(dataDir, { recursive: true, force: true }))

function start(options: { samples?: boolean; port?: number } = {}): Promise<Platform> {
  return startPlatform({
    port: 0,
    storePort: 0,
    dataDir,
    samples: true,
    verbose: false,
    say: () => {},
    ...options,
  })
}

function graphql(file: PlatformFile, key: string, headers: Record<string, string> = {}): GraphQLClient {
  return new GraphQLClient(`${file.gateway_url}/v1/links/graphql`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
  })
}

t.test('the first start publishes the samples; REST and GraphQL give the same prices', async t => {
  const platform = await start()
  t.teardown(() => platform.stop())
  const { file } = platform
  t.same(JSON.parse(await readFile(join(dataDir, 'platform.json'), 'utf8')), file)
  t.equal((await stat(join(dataDir, 'platform.json'))).mode & 0o777, 0o600)

  const { status, body, headers } = await call<Page>(
    `${file.gateway_url}/v1/core/prices?code=70551&code_type=CPT`,
    { key: file.keys.partner },
  )
  t.equal(status, 200)
  t.ok(headers.get('x-request-id'))
  const dollars = body.prices.map(price => price.negotiated_dollar).sort()
  t.same(dollars, [1202.44, 1420, 1811.9, 612.4, 701.15, 988.25])
  t.same([...new Set(body.prices.map(price => price.hospital.name))].sort(), [
    'Lakeside General Hospital',
    'River Valley Hospital',
  ])
  t.match(body.prices[0], { file: { id: Number, row: Number, last_updated_on: /^2026-/ } })

  const query = gql`query ($code: String!) {
    rates(where: { charge: { item: { codes: { code: { _eq: $code } } } } }, order_by: { negotiated_dollar: asc }) {
      negotiated_dollar payer { name } plan { name } file { hospital_name }
    }
    rates_aggregate(where: { charge: { item: { codes: { code: { _eq: $code } } } } }) { aggregate { count sum { negotiated_dollar } } }
  }`
  type Answer = {
    rates: { negotiated_dollar: number }[]
    rates_aggregate: { aggregate: { count: number; sum: { negotiated_dollar: number } } }
  }
  const answer = await graphql(file, file.keys.partner).request<Answer>(query, { code: '70551' })
  t.same(
    answer.rates.map(rate => rate.negotiated_dollar),
    [612.4, 701.15, 988.25, 1202.44, 1420, 1811.9],
  )
  t.same(answer.rates_aggregate.aggregate, { count: 6, sum: { negotiated_dollar: 6736.14 } })
  await t.rejects(
    graphql(file, file.keys.viewer).request(query, { code: '70551' }),
    { message: /rates_aggregate/ },
    'viewers do not aggregate',
  )
})

t.test('a request can be found in the logs of gateway and service by its id, with one trace id', async t => {
  const platform = await start()
  const { gateway_url: url, keys } = platform.file
  await call(`${url}/v1/core/prices?code=70551`, {
    key: keys.partner,
    headers: { 'x-request-id': 'find-me-1' },
  })
  await platform.stop() // writes what the log still holds
  const lines = (await readFile(join(dataDir, 'glimmr.log'), 'utf8'))
    .split('\n')
    .filter(line => line.includes('find-me-1'))
  const found = lines.map(line => JSON.parse(line)).filter(line => line.msg === 'request')
  t.same(found.map(line => line.service).sort(), ['core', 'gateway'])
  const expected = {
    level: 'info',
    method: 'GET',
    path: '/v1/core/prices',
    status: 200,
    duration_ms: Number,
    trace_id: /^[0-9a-f]{32}$/,
  }
  for (const line of found) t.match(line, expected)
  t.equal(found[0]?.trace_id, found[1]?.trace_id)
  t.notMatch(lines.join(), keys.partner, 'no key in the logs')
})

t.test(
  'the second start keeps keys and prices, loads nothing twice, and two at once are refused',
  async t => {
    await t.rejects(
      stat(join(dataDir, 'platform.json')),
      { code: 'ENOENT' },
      'a stopped platform tells nothing',
    )
    const { keys } = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8'))
    const platform = await start()
    t.teardown(() => platform.stop())
    const { file } = platform
    t.match(keys, file.keys)
    const files = await call<{ files: { status: string }[] }>(`${file.gateway_url}/v1/core/files`, {
      key: file.keys.partner,
    })
    t.same(
      files.body.files.map(found => found.status),
      ['published', 'published'],
    )
    await t.rejects(start(), { message: /running on .* already \(process \d+\)/ })
  },
)

t.test('a taken port is told in a sentence', async t => {
  const holder = createServer().listen(0, '127.0.0.1')
  t.teardown(() => holder.close())
  await new Promise(listening => holder.once('listening', listening))
  const address = holder.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await t.rejects(start({ port }), {
    message: `Port ${port} is taken. Stop what uses it, or choose another with --port.`,
  })
})

t.test(
  'an upload by curl is published once, whoever reports it; its bytes are in the store as they were sent',
  async t => {
    const platform = await start()
    t.teardown(() => platform.stop())
    const { file } = platform
    // Another content for the same hospital: it supersedes the first.
    const changed = join(dataDir, 'changed.csv')
    await writeFile(
      changed,
      (await readFile(sample, 'utf8')).replaceAll('1420.00', '1333.33').replace('2026-06-01', '2026-07-01'),
    )
    const presigned = await presign(file, changed)
    t.equal(await putWithCurl(changed, presigned), 200)
    t.equal(await putWithCurl(changed, presigned), 412, 'written once')
    // The store's event may have been quicker: both are the same upload.
    t.match(await complete(file, presigned.upload_id), { status: 202 })
    t.match(await complete(file, presigned.upload_id), { status: 202 })
    const state = await untilEnded(file, presigned.upload_id)
    t.match(state, { status: 'published', progress: { rows_seen: 11, rows_loaded: 11, rows_rejected: 0 } })
    const { body } = await call<Page>(
      `${file.gateway_url}/v1/core/prices?code=70551&payer=Bay State Health Plan&plan=PPO`,
      { key: file.keys.partner },
    )
    t.same(body.prices.map(price => price.negotiated_dollar).sort(), [1333.33, 1811.9])
    t.ok(body.prices.some(price => price.file.last_updated_on === '2026-07-01'))

    const again = await presign(file, changed)
    await putWithCurl(changed, again)
    await complete(file, again.upload_id)
    t.match(await untilEnded(file, again.upload_id), { status: 'already_loaded', file_id: state.file_id })

    const secrets: Secrets = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8'))
    const s3 = createS3Client({
      endpoint: file.store_url,
      region: 'auto',
      bucket: 'glimmr',
      accessKeyId: secrets.store_access_key_id,
      secretAccessKey: secrets.store_secret_access_key,
    })
    t.teardown(() => s3.destroy())
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket: 'glimmr', Prefix: `uploads/${presigned.upload_id}/` }),
    )
    const object = await s3.send(new GetObjectCommand({ Bucket: 'glimmr', Key: listed.Contents?.[0]?.Key }))
    t.equal(await object.Body?.transformToString(), await readFile(changed, 'utf8'))
    t.equal(
      await sha256Of(changed),
      (
        await call<{ sha256: string }>(`${file.gateway_url}/v1/core/files/${state.file_id}`, {
          key: file.keys.partner,
        })
      ).body.sha256,
    )
  },
)

t.test(
  'what is not a price file is rejected with its reason, and the store refuses other bytes than promised',
  async t => {
    const platform = await start({ samples: false })
    t.teardown(() => platform.stop())
    const { file } = platform
    const pdf = join(dataDir, 'prices.csv')
    await writeFile(pdf, '%PDF-1.7\n%âãÏÓ\n1 0 obj\n')
    const presigned = await presign(file, pdf)
    await putWithCurl(pdf, presigned)
    await complete(file, presigned.upload_id)
    t.match(await untilEnded(file, presigned.upload_id), {
      status: 'rejected',
      reasons: [{ message: /PDF/ }],
    })

    const other = await presign(file, sample)
    await writeFile(pdf, (await readFile(sample, 'utf8')).replace('1420.00', '9420.00'))
    t.equal(await putWithCurl(pdf, other), 400, 'same size, other bytes')
    const answer = await complete(file, other.upload_id)
    t.match(answer, { status: 409, body: { detail: String } })
  },
)

t.test(
  'the gateway lets nobody in without a key, believes no identity header and shows no internals',
  async t => {
    const platform = await start({ samples: false })
    t.teardown(() => platform.stop())
    const { gateway_url: url, keys } = platform.file
    for (const path of [
      '/v1/core/prices?code=1',
      '/v1/media/uploads',
      '/v1/links/graphql',
      '/v1/core/api-keys',
    ]) {
      const answer = await fetch(url + path, {
        headers: { 'x-auth-subject': 'key:1', 'x-auth-scopes': 'admin', X_Auth_Roles: 'admin' },
      })
      t.equal(answer.status, 401, path)
      t.match(answer.headers.get('content-type'), /application\/problem\+json/)
      t.match(await answer.json(), { status: 401, request_id: String })
    }
    for (const path of ['/metrics', '/verify', '/health', '/v1/core/../../metrics', '/internal'])
      t.not(
        (await fetch(url + path, { headers: { authorization: `Bearer ${keys.admin}` } })).status,
        200,
        path,
      )
    for (const service of ['core', 'media', 'links']) {
      t.equal((await fetch(`${url}/v1/${service}/health`)).status, 200)
      t.match(await (await fetch(`${url}/v1/${service}/openapi.json`)).json(), { openapi: '3.1.0' })
    }
    for (const service of ['core', 'media', 'links', 'pipeline', 'auth']) {
      for (const path of ['health', 'livez', 'readyz'])
        t.equal(
          (await fetch(`${platform.file.ops_url}/${service}/${path}`)).status,
          200,
          `${service} ${path}`,
        )
      const metrics = await (await fetch(`${platform.file.ops_url}/${service}/metrics`)).text()
      t.match(metrics, new RegExp(`process_resident_memory_bytes\\{service="${service}"\\}`))
    }
    t.match(
      await (await fetch(`${platform.file.ops_url}/gateway/metrics`)).text(),
      /traefik_entrypoint_requests_total/,
    )
    t.equal(
      (await call(`${url}/v1/media/presign`, { key: keys.partner, method: 'POST', body: {} })).status,
      403,
      'partners do not upload',
    )
  },
)

t.test('a small file comes in as a form, in one call', async t => {
  const platform = await start({ samples: false })
  t.teardown(() => platform.stop())
  const form = new FormData()
  const padding = 'x'.repeat(3_000_000) // larger than any JSON body may be
  form.append('file', new Blob([`not a price file ${padding}`]), 'prices.csv')
  const answer = await fetch(`${platform.file.gateway_url}/v1/media/uploads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${platform.file.keys.uploader}` },
    body: form,
  })
  t.equal(answer.status, 202)
  const { upload_id, detail } = (await answer.json()) as { upload_id: string; detail?: string }
  t.equal(detail, undefined)
  t.match(await untilEnded(platform.file, upload_id), { status: 'rejected' })
})

t.test('a link leads to its price query, and its clicks can be read over GraphQL', async t => {
  const platform = await start({ samples: false })
  t.teardown(() => platform.stop())
  const { gateway_url: url, keys } = platform.file
  const made = await call<{ slug: string; short_url: string }>(`${url}/v1/links/links`, {
    key: keys.partner,
    method: 'POST',
    body: { kind: 'price', query: { code: '70551' } },
  })
  t.equal(made.status, 201)
  for (let click = 0; click < 3; click++) {
    const answer = await fetch(`${url}/l/${made.body.slug}`, { redirect: 'manual' })
    t.equal(answer.status, 302)
    t.match(answer.headers.get('location'), /\/v1\/core\/prices\?.*code=70551/)
  }
  await platform.stop() // flushes what is buffered
  const again = await start({ samples: false })
  t.teardown(() => again.stop())
  const query = gql`query ($slug: String!) { links(where: { slug: { _eq: $slug } }) { clicks_aggregate { aggregate { sum { clicks } } } } }`
  const answer = await graphql(again.file, keys.partner).request(query, { slug: made.body.slug })
  t.same(answer, { links: [{ clicks_aggregate: { aggregate: { sum: { clicks: 3 } } } }] })
})

t.test('when PostgreSQL is killed it is started again, and nothing is lost', async t => {
  const platform = await start({ samples: false })
  t.teardown(() => platform.stop())
  const { gateway_url: url, keys } = platform.file
  const ask = () => call<Page>(`${url}/v1/core/prices?code=70551&limit=500`, { key: keys.partner })
  const before = await ask()
  process.kill(
    Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]),
    'SIGKILL',
  )
  const later = await whenItWorks(async () => {
    const answer = await ask()
    t.ok([200, 503].includes(answer.status), 'meanwhile it says 503')
    return answer.status === 200 ? answer : undefined
  })
  t.same(later.body, before.body)
  const presigned = await whenItWorks(() => presign(platform.file, sample).catch(() => undefined))
  await putWithCurl(sample, presigned)
  const { status } = await whenItWorks(() =>
    untilEnded(platform.file, presigned.upload_id).catch(() => undefined),
  )
  t.equal(status, 'already_loaded', 'and jobs run again')
})

async function whenItWorks<Result>(work: () => Promise<Result | undefined>): Promise<Result> {
  for (const end = Date.now() + 20_000; Date.now() < end; await wait(300)) {
    const result = await work()
    if (result !== undefined) return result
  }
  throw new Error('it did not work within 20 s')
}
