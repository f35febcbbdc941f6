import { createServer, type RequestListener } from 'node:http'
import { type Test, test } from 'tap'
import { listening } from './test-webhook.ts'
import { createWebhookClient, isPrivate, post, type WebhookClientOptions } from './webhook-client.ts'

async function serving(t: Test, listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(t, createServer(listener))}/`
}

function clientOf(t: Test, options: WebhookClientOptions = {}) {
  const client = createWebhookClient(options)
  t.teardown(() => client.close())
  return client
}

test('addresses of this machine and of private networks are known, however they are written', t => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fd00::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    'fe80::1%eth0',
    'fec0::1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '',
    'localhost',
  ])
    t.ok(isPrivate(address), address)
  for (const address of ['1.1.1.1', '172.32.0.1', '8.8.8.8', '2606:4700::1111'])
    t.notOk(isPrivate(address), address)
  t.end()
})

test('a webhook in a private network is refused, by address and by name, unless it is allowed', async t => {
  let called = 0
  const url = await serving(t, (_, response) => {
    called += 1
    response.end('{}')
  })
  const refusing = clientOf(t)
  const { port } = new URL(url)
  for (const target of [
    url,
    `http://localhost:${port}/`,
    `http://2130706433:${port}/`,
    `http://[::ffff:7f00:1]:${port}/`,
  ])
    await t.rejects(refusing(post(target, {}, { timeoutMs: 2000 })), target)
  await t.rejects(refusing(post('file:///etc/passwd', {}, { timeoutMs: 2000 })), /http and https/)
  t.equal(called, 0)
  const allowing = clientOf(t, { allowHosts: ['127.0.0.1'] })
  t.match(await allowing(post(url, {}, { timeoutMs: 2000 })), { status: 200, body: '{}' })
})

test('an answer that is too long or too late is none, and redirects are not followed', async t => {
  const url = await serving(t, (request, response) => {
    if (request.url === '/long') response.end('x'.repeat(2000))
    else if (request.url === '/moved') response.writeHead(302, { location: '/long' }).end()
  })
  const client = clientOf(t, { allowPrivate: true, maxAnswerBytes: 1000 })
  await t.rejects(client(post(`${url}long`, {}, { timeoutMs: 5000 })), /longer than 1000 bytes/)
  await t.rejects(client(post(`${url}never`, {}, { timeoutMs: 50 })))
  t.match(await client(post(`${url}moved`, {}, { timeoutMs: 5000 })), { status: 302 })
})

test('user and password of an address are shown to its server, and a header that is set goes before them', async t => {
  const url = await serving(t, (request, response) => response.end(request.headers.authorization ?? ''))
  const client = clientOf(t, { allowPrivate: true })
  const target = url.replace('//', '//me%40here:secret%21@')
  const { body } = await client(post(target, {}, { timeoutMs: 5000 }))
  t.equal(body, `Basic ${Buffer.from('me@here:secret!').toString('base64')}`)
  const own = { headers: { authorization: 'Bearer x' }, timeoutMs: 5000 }
  t.match(await client(post(target, {}, own)), { body: 'Bearer x' })
})
