import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import type { LogEntry } from './call.ts'
import type { EventBody } from './event-record.ts'
import { bucket, send, testFolder, testStore } from './test-store.ts'

type Received = { authorization: string | undefined; body: EventBody }

/** A web hook that gives the answers of a list, then 204; `next()` waits for the next delivery. */
async function hook(t: Test, answers: number[] = []) {
  const received: Received[] = []
  const waiting: (() => void)[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    response.writeHead(answers.shift() ?? 204).end()
    received.push({
      authorization: request.headers.authorization,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    })
    waiting.shift()?.()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close(() => {}).closeAllConnections())
  const next = async () => {
    if (received.length === 0) await new Promise<void>(resolve => waiting.push(resolve))
    return received.shift()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, next }
}

t.test('a new object is told to the web hook in the form of S3, with its key', async t => {
  const { url, next } = await hook(t)
  const { client } = await testStore(t, { event: { url, authorization: 'Bearer secret' } })
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'uploads/1/a b+ü.csv', Body: 'hello' }))
  const event = await next()
  t.equal(event?.authorization, 'Bearer secret')
  t.match(event?.body.Records, [
    {
      eventName: 'ObjectCreated:Put',
      eventTime: /^\d{4}-\d\d-\d\dT/,
      s3: {
        bucket: { name: bucket },
        object: { key: 'uploads/1/a+b%2B%C3%BC.csv', size: 5, eTag: '5d41402abc4b2a76b9719d911017c592' },
      },
    },
  ])
})

t.test('an event that is not taken is sent again, and outlives the store', async t => {
  const { url, next } = await hook(t, [503, 500])
  const dataDir = await testFolder(t)
  const lines: LogEntry[] = []
  const event = { url, authorization: 'Bearer secret' }
  const first = await testStore(t, { dataDir, event, log: line => lines.push(line) })
  await send(first.url, { method: 'PUT', path: `/${bucket}/k`, body: 'x' })
  await next()
  await first.store.close()
  await testStore(t, { dataDir, event })
  await next()
  const third = await next()
  t.equal(third?.body.Records[0]?.s3.object.key, 'k')
  t.notMatch(JSON.stringify(lines), 'secret', 'no secret is logged')
})

t.test('events may go to a function, and a refused write tells nobody', async t => {
  const keys: (string | undefined)[] = []
  const told = Promise.withResolvers<void>()
  const { url } = await testStore(t, {
    event: async body => {
      keys.push(body.Records[0]?.s3.object.key)
      if (keys.includes('last')) told.resolve()
    },
  })
  const put = (key: string, headers = {}) =>
    send(url, { method: 'PUT', path: `/${bucket}/${key}`, body: 'x', headers })
  await put('first')
  await put('first', { 'if-none-match': '*' })
  await put('broken', { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' })
  await put('last')
  await told.promise
  t.strictSame(keys, ['first', 'last'])
})

t.test('a page of an allowed origin may call the store, any other may not', async t => {
  const origin = 'https://app.example'
  const { url } = await testStore(t, { corsOrigins: [origin] })
  const ask = (from: string, method: string) =>
    fetch(`${url}/${bucket}/k`, {
      method: 'OPTIONS',
      headers: {
        origin: from,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,x-amz-checksum-sha256',
      },
    })
  const good = await ask(origin, 'PUT')
  t.equal(good.status, 200)
  t.equal(good.headers.get('access-control-allow-origin'), origin)
  t.equal(good.headers.get('access-control-allow-headers'), 'content-type,x-amz-checksum-sha256')
  t.equal((await ask('https://evil.example', 'PUT')).status, 403)
  t.equal((await ask(origin, 'TRACE')).status, 403)
  const path = `/${bucket}/k`
  const put = await send(url, { method: 'PUT', path, body: 'x', headers: { origin } })
  t.equal(put.headers['access-control-allow-origin'], origin)
  t.match(put.headers['access-control-expose-headers'], 'ETag')
  const other = await send(url, { path, headers: { origin: 'https://evil.example' } })
  t.equal(other.headers['access-control-allow-origin'], undefined)
  const everyone = await testStore(t)
  const any = await send(everyone.url, { path, headers: { origin } })
  t.equal(any.headers['access-control-allow-origin'], '*', 'errors can be read too')
})
