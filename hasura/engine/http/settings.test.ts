import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'tap'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { identify } from './identify.ts'
import { openFront, readFrontSettings } from './settings.ts'
import { startHook } from './test-hook.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const adminSecret = { HASURA_GRAPHQL_ADMIN_SECRET: 's3cret' }
const claims = {
  'https://hasura.io/jwt/claims': { 'x-hasura-default-role': 'user', 'x-hasura-allowed-roles': ['user'] },
}

/** By the RSA key, or by a shared one. */
function token(key?: string): { headers: Record<string, string> } {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: key === undefined ? 'RS256' : 'HS256' })}.${part(claims)}`
  const signature =
    key === undefined
      ? sign('sha256', Buffer.from(signed), rsa.privateKey)
      : createHmac('sha256', key).update(signed).digest()
  return { headers: { authorization: `Bearer ${signed}.${signature.toString('base64url')}` } }
}

test('keys come from the address in the settings, beside a key that stands in them', async t => {
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'one' }
  const keys = await startHook(t, response => {
    response.setHeader('cache-control', 'max-age=3600')
    response.end(JSON.stringify({ keys: [jwk] }))
  })
  const client = createWebhookClient({ allowPrivate: true })
  t.teardown(() => client.close())
  const shared = { type: 'HS256', key: 'a-shared-key-of-at-least-32-bytes!' }
  const env = { ...adminSecret, HASURA_GRAPHQL_JWT_SECRETS: JSON.stringify([shared, { jwk_url: keys.url }]) }
  const front = await openFront(readFrontSettings(env), { client })
  t.teardown(() => front.close())
  t.match(await identify(front.options.auth, token()), { role: 'user' })
  t.match(await identify(front.options.auth, token(shared.key)), { role: 'user' })
  await t.rejects(identify(front.options.auth, token('another-key-of-at-least-32-bytes!!')), {
    code: 'invalid-jwt',
  })
  t.equal(keys.asked.length, 1, 'the keys are not asked for with each token')
})

test('a key address in a private network needs a client that may go there', async t => {
  const keys = await startHook(t, response => response.end('{"keys":[]}'))
  const client = createWebhookClient()
  t.teardown(() => client.close())
  const env = { ...adminSecret, HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ jwk_url: keys.url }) }
  await t.rejects(openFront(readFrontSettings(env), { client }), /private/)
  t.same(keys.asked, [])
})

test('tokens and hooks are refused where everybody would be admin, and so are settings that are not whole', t => {
  const jwt = JSON.stringify({ type: 'HS256', key: 'k' })
  t.throws(() => readFrontSettings({ HASURA_GRAPHQL_JWT_SECRET: jwt }), /ADMIN_SECRET/)
  t.throws(() => readFrontSettings({ HASURA_GRAPHQL_AUTH_HOOK: 'https://hook' }), /ADMIN_SECRET/)
  t.throws(() => readFrontSettings({ ...adminSecret, HASURA_GRAPHQL_JWT_SECRET: '{"type":"RS256"}' }), /key/)
  t.throws(() => readFrontSettings({ ...adminSecret, HASURA_GRAPHQL_JWT_SECRET: '{' }))
  t.end()
})

test('settings that contradict each other are refused at the start, not settled by chance', t => {
  const jwt = { HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: 'k'.repeat(32) }) }
  const hook = { HASURA_GRAPHQL_AUTH_HOOK: 'https://hook' }
  const role = { HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'anonymous' }
  t.throws(() => readFrontSettings({ ...adminSecret, ...jwt, ...hook }), /at the same time/)
  t.throws(() => readFrontSettings({ ...adminSecret, ...role, ...hook }), /UNAUTHORIZED_ROLE/)
  t.throws(() => readFrontSettings(role), /UNAUTHORIZED_ROLE .*ADMIN_SECRET/)
  t.match(readFrontSettings({ ...adminSecret, ...jwt, ...role }), { unauthorizedRole: 'anonymous' })
  t.end()
})
