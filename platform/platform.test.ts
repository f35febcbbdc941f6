/** Starting the platform, again and again, and what it says of itself. */
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gql } from 'graphql-request'
import t from 'tap'
import { call, presign, putWithCurl, untilEnded } from './journey-client.ts'
import { holdPort } from './ports.ts'
import { graphql, type Page, sample, testPlatform } from './test-platform.ts'

const { dataDir, start } = testPlatform(t)

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
    rates(where: { charge: { item: { codes: { code_normalised: { _eq: $code } } } } }, order_by: { negotiated_dollar: asc }) {
      negotiated_dollar payer { name } plan { name } file { hospital_name }
    }
    rates_aggregate(where: { charge: { item: { codes: { code_normalised: { _eq: $code } } } } }) { aggregate { count sum { negotiated_dollar } } }
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

t.test('a subscription passes the gateway with a key, and does not without', async t => {
  const platform = await start()
  t.teardown(() => platform.stop())
  const { gateway_url: url, keys } = platform.file
  const target = `${url.replace('http', 'ws')}/v1/links/graphql`
  const handshake = (headers: Record<string, string>) =>
    new WebSocket(target, { protocols: ['graphql-transport-ws'], headers } as unknown as string[])
  const refused = handshake({})
  await once(refused, 'close')
  const socket = handshake({ authorization: `Bearer ${keys.partner}` })
  await once(socket, 'open')
  socket.send('{"type":"connection_init"}')
  t.match((await once(socket, 'message'))[0].data, /connection_ack/)
  const query = 'subscription { files(order_by: { hospital_name: asc }) { hospital_name } }'
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }))
  t.same(JSON.parse((await once(socket, 'message'))[0].data).payload.data.files, [
    { hospital_name: 'Lakeside General Hospital' },
    { hospital_name: 'River Valley Hospital' },
  ])
  await platform.stop()
  t.equal(socket.readyState, WebSocket.CLOSED, 'and does not keep the platform from stopping')
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

t.test(
  'settings in the environment count as they do in production; metrics have the port that was asked for',
  async t => {
    const opsPort = await freePort()
    const env = {
      LINK_HOSTS: 'example.org',
      MEDIA_PRESIGN_SECONDS: '60',
      MEDIA_MAX_UPLOAD_BYTES: '1000',
      PUBLIC_URL: 'https://glimmr.example',
      // Not its own, and not to be tripped over: all of .env may be in the environment.
      PORT: '1',
      DATABASE_URL: 'postgresql://elsewhere/x',
      S3_ENDPOINT: 'http://elsewhere',
    }
    const platform = await start({ samples: false, opsPort, env })
    t.teardown(() => platform.stop())
    const { gateway_url: url, ops_url, keys } = platform.file
    t.equal(ops_url, `http://127.0.0.1:${opsPort}`)
    t.equal((await fetch(`${ops_url}/core/health`)).status, 200)
    const link = await call<{ short_url: string }>(`${url}/v1/links/links`, {
      key: keys.partner,
      method: 'POST',
      body: { kind: 'url', url: 'https://example.org/prices' },
    })
    t.match(link, { status: 201, body: { short_url: /^https:\/\/glimmr\.example\/l\// } })
    const announce = (size_bytes: number) =>
      call<{ expires_at: string }>(`${url}/v1/media/presign`, {
        key: keys.uploader,
        method: 'POST',
        body: { filename: 'a.csv', content_type: 'text/csv', size_bytes },
      })
    const { status, body } = await announce(10)
    t.equal(status, 201)
    t.ok(Date.parse(body.expires_at) < Date.now() + 61_000)
    t.equal((await announce(2000)).status, 422)
  },
)

t.test('a setting that is wrong is told before anything is started', async t => {
  await t.rejects(start({ env: { MEDIA_PRESIGN_SECONDS: 'soon' } }), { message: /MEDIA_PRESIGN_SECONDS: / })
})

async function freePort(): Promise<number> {
  const { port, release } = await holdPort(0, '--ops-port')
  await release()
  return port
}

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
