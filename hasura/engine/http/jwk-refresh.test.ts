import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Test, test } from 'tap'
import type { WebhookAnswer, WebhookClient } from '../webhook/webhook-client.ts'
import { createJwkCheck } from './jwk-refresh.ts'

function key(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } }
}

function token(
  { kid, privateKey }: { kid: string; privateKey: KeyObject },
  alg: 'RS256' | 'PS256' | 'ES256' = 'RS256',
): { authorization: string } {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { 'x-hasura-default-role': 'user', 'x-hasura-allowed-roles': ['user'] }
  const signed = `${part({ alg, kid })}.${part({ 'https://hasura.io/jwt/claims': claims })}`
  const how = {
    RS256: {},
    PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    ES256: { dsaEncoding: 'ieee-p1363' as const },
  }[alg]
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, ...how })
  return { authorization: `Bearer ${signed}.${signature.toString('base64url')}` }
}

/** Answers one after the other, the last one for ever. */
function answering(answers: Partial<WebhookAnswer>[]) {
  let at = 0
  const wakes: (() => void)[] = []
  const client: WebhookClient = Object.assign(
    async () => {
      const answer = answers[Math.min(at, answers.length - 1)]
      at += 1
      for (const wake of wakes.splice(0)) setImmediate(wake)
      return { status: 200, headers: {}, body: '', ...answer }
    },
    { close: async () => undefined },
  )
  return { client, next: () => new Promise<void>(done => wakes.push(done)), count: () => at }
}

/** The refresh does not keep a process alive; a test that waits for it does. */
function stayAwake(t: Test): void {
  const awake = setInterval(() => undefined, 60_000)
  t.teardown(() => clearInterval(awake))
}

const config = { jwk_url: 'https://keys' }

test('a key that is exchanged is known once the old answer is no longer fresh', async t => {
  stayAwake(t)
  const [old, young] = [key('old'), key('young')]
  const { client, next } = answering([
    { body: JSON.stringify({ keys: [old.jwk] }), headers: { 'cache-control': 'max-age=1' } },
    { body: JSON.stringify({ keys: [young.jwk] }), headers: { 'cache-control': 'max-age=3600' } },
  ])
  const { check, close } = await createJwkCheck(client, config)
  t.teardown(close)
  t.match(check(token(old)), { role: 'user' })
  t.throws(() => check(token(young)))
  await next()
  t.match(check(token(young)), { role: 'user' })
  t.throws(() => check(token(old)))
})

test('keys stay while their address is away, and without a word about freshness they are asked for once', async t => {
  stayAwake(t)
  const one = key('one')
  const body = JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA', alg: 'HS256' }, one.jwk] })
  const away = answering([{ body, headers: { 'cache-control': 'max-age=1' } }, { status: 500 }])
  const kept = await createJwkCheck(away.client, config)
  t.teardown(kept.close)
  await away.next()
  t.match(kept.check(token(one)), { role: 'user' })
  const silent = answering([{ body }])
  const still = await createJwkCheck(silent.client, config)
  t.teardown(still.close)
  t.match(still.check(token(one)), { role: 'user' })
  t.equal(silent.count(), 1)
})

test('an address without a key that can be used is refused at once', async t => {
  await t.rejects(createJwkCheck(answering([{ body: '{"keys":[]}' }]).client, config), /no key/)
  await t.rejects(createJwkCheck(answering([{ status: 404 }]).client, config), /404/)
})

test('keys that do not name their algorithm serve by their kind, and what is no key hurts none', async t => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const bare = publicKey.export({ format: 'jwk' })
  const body = JSON.stringify({ keys: [null, 7, [], { kty: 'EC', crv: 'constructor' }, bare] })
  const { check, close } = await createJwkCheck(answering([{ body }]).client, config)
  t.teardown(close)
  t.match(check(token({ kid: 'x', privateKey }, 'ES256')), { role: 'user' })
})

test('a token signed with PSS is checked with PSS', async t => {
  const one = key('one')
  const body = JSON.stringify({ keys: [{ ...one.jwk, alg: 'PS256' }] })
  const { check, close } = await createJwkCheck(answering([{ body }]).client, config)
  t.teardown(close)
  t.match(check(token(one, 'PS256')), { role: 'user' })
  t.throws(() => check(token(one)), { code: 'invalid-jwt' })
})
