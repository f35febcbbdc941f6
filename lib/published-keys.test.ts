import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { algorithmOf, createPublishedKeys, type Jwk } from './published-keys.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })

t.test('a key is for the one algorithm of its kind, or for none', async t => {
  t.same([rsa, ec, ed].map(algorithmOf), ['RS256', 'ES256', 'EdDSA'])
  const none: Jwk[] = [
    { ...rsa, alg: 'HS256' },
    { ...rsa, alg: 'PS256' },
    { ...rsa, use: 'enc' },
    { ...ec, alg: 'RS256' },
    { ...ec, crv: 'P-384' },
    { ...ed, crv: 'X25519' },
    { kty: 'oct', k: 'c2VjcmV0' },
    {},
  ]
  for (const key of none) t.equal(algorithmOf(key), undefined, JSON.stringify(key).slice(0, 60))
})

t.test(
  'one key that cannot be read does not take the others with it, and ids are asked for once',
  async t => {
    let asked = 0
    const keys = createPublishedKeys(async () => {
      asked++
      return { keys: [{ kty: 'RSA', n: '!', e: 'AQAB', kid: 'broken' }, { ...rsa }, { ...ec, kid: 'good' }] }
    })
    t.match(await keys.find('good'), { algorithm: 'ES256', pem: /^-----BEGIN PUBLIC KEY-----/ })
    for (const kid of ['broken', '', undefined, '__proto__', '../good', 'x'.repeat(9000)])
      await t.rejects(keys.find(kid), { message: /not published/ })
    t.equal(asked, 1, 'ids that nobody published do not ask again and again')
    t.equal(keys.has('good'), true)
  },
)

t.test(
  'while the publisher is away there is an error, not a hang, and the next question asks again',
  async t => {
    let away = true
    const keys = createPublishedKeys(async () => {
      if (away) throw new Error('away')
      return { keys: [{ ...rsa, kid: 'one' }] }
    })
    await t.rejects(keys.find('one'), { message: 'away' })
    away = false
    t.match(await keys.find('one'), { algorithm: 'RS256' })
  },
)

t.test(
  'what is known answers at once, and a key that was withdrawn is forgotten within a minute',
  async t => {
    const start = performance.now()
    let now = start
    t.intercept(performance, 'now', { value: () => now })
    let published: Jwk[] = [{ ...rsa, kid: 'one' }]
    let answer = async () => ({ keys: published })
    const keys = createPublishedKeys(() => answer())
    await keys.find('one')
    published = [{ ...ec, kid: 'two' }]
    now = start + 59_000
    t.ok(keys.has('one'))
    now = start + 61_000
    t.ok(keys.has('one'), 'not waited for')
    await new Promise(setImmediate)
    t.notOk(keys.has('one'), 'and gone with the answer')
    t.match(await keys.find('two'), { algorithm: 'ES256' })
    answer = async () => {
      throw new Error('away')
    }
    now = start + 600_000
    t.match(await keys.find('two'), { algorithm: 'ES256' }, 'while the publisher is away it stays good')
    await new Promise(setImmediate)
    t.match(await keys.find('two'), { algorithm: 'ES256' })
  },
)
