import { type Test, test } from 'tap'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { identify } from './identify.ts'
import { createLog } from './log.ts'
import { selfSigned } from './self-signed.ts'
import { startHook } from './test-hook.ts'
import { type AuthHookConfig, createAuthHook } from './webhook-auth.ts'

const user = { 'X-Hasura-Role': 'user', 'x-hasura-user-id': 7, other: 'x' }

/** A hook that answers `body`, and what it makes of a request. */
async function hooked(t: Test, body: unknown, config: Partial<AuthHookConfig> = {}, status = 200) {
  const { url, asked } = await startHook(t, response => {
    response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  return { hook: createAuthHook(clientFor(t), { url, ...config }), asked, url }
}

function clientFor(t: Test, options = {}) {
  const client = createWebhookClient({ allowPrivate: true, ...options })
  t.teardown(() => client.close())
  return client
}

test('the hook sees the headers that say who asks, and its variables become the session', async t => {
  const { hook, asked } = await hooked(t, user)
  const headers = {
    authorization: 'Bearer x',
    'x-hasura-role': 'editor',
    host: 'here',
    'content-length': '99',
  }
  t.same(await hook({ headers }), {
    role: 'user',
    vars: { 'x-hasura-role': 'user', 'x-hasura-user-id': '7' },
  })
  t.match(asked[0], { method: 'GET', headers: { authorization: 'Bearer x', 'x-hasura-role': 'editor' } })
  t.not(asked[0]?.headers['content-length'], '99')
})

test('in POST mode it sees the request as well, unless it should not', async t => {
  const { hook, asked } = await hooked(t, user, { mode: 'POST' })
  const request = { query: '{ items { id } }' }
  await hook({ headers: { cookie: 'a=b' }, body: request })
  t.same(JSON.parse(asked[0]?.body ?? ''), { headers: { cookie: 'a=b' }, request })
  const quiet = await hooked(t, user, { mode: 'POST', sendRequestBody: false })
  await quiet.hook({ headers: {}, body: request })
  t.same(JSON.parse(quiet.asked[0]?.body ?? ''), { headers: {}, request: null })
})

test('a session ends when the hook says so: by max-age first, then by date', async t => {
  const expires = new Date(Date.now() + 60_000).toUTCString()
  const dated = await hooked(t, { ...user, Expires: expires })
  t.equal((await dated.hook({ headers: {} })).expiresAt, Date.parse(expires))
  const both = await hooked(t, { ...user, expires, 'Cache-Control': 'private, max-age=3600' })
  const { expiresAt = 0 } = await both.hook({ headers: {} })
  t.ok(expiresAt > Date.now() + 3_500_000 && expiresAt <= Date.now() + 3_600_000)
  const garbled = await hooked(t, { ...user, expires: 'soon', 'cache-control': 'max-age=soon' })
  t.equal((await garbled.hook({ headers: {} })).expiresAt, undefined)
})

test('an answer that is none lets nobody in', async t => {
  const invalid = { code: 'unexpected', message: 'Invalid response from authorization hook', status: 500 }
  for (const [body, status] of [
    ['<html>', 200],
    ['', 200],
    ['null', 200],
    ['[{"x-hasura-role":"admin"}]', 200],
    [{ 'x-hasura-role': 'admin' }, 302],
    [{ 'x-hasura-role': 'admin' }, 500],
  ] as const)
    await t.rejects(
      (await hooked(t, body, {}, status)).hook({ headers: {} }),
      invalid,
      `${status} ${JSON.stringify(body)}`,
    )
  await t.rejects((await hooked(t, { 'x-hasura-user-id': '1' })).hook({ headers: {} }), {
    message: '"x-hasura-role" not found in session variables',
  })
  await t.rejects((await hooked(t, {}, {}, 401)).hook({ headers: {} }), {
    code: 'access-denied',
    status: 401,
  })
})

test('a hook that is slow, endless or away is given up', async t => {
  const away = { code: 'unexpected', message: 'webhook authentication request failed', status: 500 }
  const silent = await startHook(t, () => undefined)
  const slow = createAuthHook(clientFor(t), { url: silent.url, timeoutMs: 50 })
  await t.rejects(slow({ headers: {} }), away)
  const endless = await startHook(t, response => response.end('x'.repeat(100_000)))
  const bounded = createAuthHook(clientFor(t, { maxAnswerBytes: 10_000 }), { url: endless.url })
  await t.rejects(bounded({ headers: {} }), away)
  await t.rejects(createAuthHook(clientFor(t), { url: 'http://127.0.0.1:1' })({ headers: {} }), away)
  await t.rejects(createAuthHook(clientFor(t), { url: 'file:///etc/passwd' })({ headers: {} }), away)
})

test('a hook with a certificate that nobody vouches for is not believed', async t => {
  const answer = JSON.stringify({ 'x-hasura-role': 'admin' })
  const { url, asked } = await startHook(t, response => response.end(answer), selfSigned())
  await t.rejects(createAuthHook(clientFor(t), { url })({ headers: { authorization: 'Bearer x' } }), {
    message: 'webhook authentication request failed',
    status: 500,
  })
  t.same(asked, [], 'nor does it see what the client showed')
})

test('who shows the admin secret does not pass by the hook, and the hook never sees it', async t => {
  const { hook, asked } = await hooked(t, user)
  const options = { adminSecret: 's3cret', hook }
  t.match(await identify(options, { headers: { 'x-hasura-admin-secret': 's3cret' } }), { role: 'admin' })
  await t.rejects(identify(options, { headers: { 'x-hasura-admin-secret': 'guess' } }), {
    code: 'access-denied',
  })
  t.same(asked, [])
})

test('the log tells status and address of the hook, and nothing that is secret', async t => {
  const lines: unknown[] = []
  const line = (level: string) => (given: object) => lines.push({ level, ...given })
  const log = createLog({
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  })
  const { url } = await hooked(t, { ...user, 'x-hasura-token': 'hush' })
  const secretUrl = `${url.replace('//', '//hush:hush@')}?key=hush`
  const hook = createAuthHook(clientFor(t), { url: secretUrl, timeoutMs: 5_000 }, log)
  await hook({ headers: { authorization: 'Bearer hush', cookie: 'hush' } })
  const away = createAuthHook(clientFor(t), { url: 'http://hush:hush@127.0.0.1:1/?key=hush' }, log)
  await t.rejects(away({ headers: { authorization: 'Bearer hush' } }))
  t.match(lines, [
    {
      level: 'info',
      type: 'webhook-log',
      detail: { status_code: 200, url, method: 'GET', http_error: null },
    },
    { level: 'error', detail: { status_code: null, url: 'http://127.0.0.1:1/', http_error: /ECONNREFUSED/ } },
  ])
  t.notMatch(JSON.stringify(lines), /hush/)
})

test('the hook gives no access that only the admin secret gives, and no header breaks the call of it', async t => {
  const { hook } = await hooked(t, { ...user, 'X-Hasura-Use-Backend-Only-Permissions': 'true' })
  const headers = { expect: '100-continue', te: 'trailers', trailer: 'x', authorization: 'Bearer x' }
  t.same((await hook({ headers })).vars, { 'x-hasura-role': 'user', 'x-hasura-user-id': '7' })
})
