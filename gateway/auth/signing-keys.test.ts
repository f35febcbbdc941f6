import { execFile } from 'node:child_process'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPublishedKeys } from '@glimmr/lib/published-keys'
import { decodeProtectedHeader, importJWK, SignJWT } from 'jose'
import t from 'tap'
import { openKeyRing } from './key-ring.ts'
import type { AuthServer } from './server.ts'
import { loadSigningKeys, longestTokenSeconds, rotateSigningKeys } from './signing-keys.ts'
import { addKey, ask, bearer, organisation, setUp, tokenFor } from './test-auth.ts'

const kids = async (auth: AuthServer) => (await auth.jwks()).keys.map(one => one.kid)
const untilExpired = (longestTokenSeconds + 60) * 1000

function folder(test: { teardown(handler: () => unknown): void }): string {
  const made = mkdtempSync(join(tmpdir(), 'glimmr-keys-'))
  test.teardown(() => rmSync(made, { recursive: true }))
  return made
}

t.test('one private file, the same keys after a restart, nothing private published', async t => {
  const setup = await setUp(t)
  t.same(readdirSync(setup.keysDir), ['signing-keys.json'])
  t.equal(statSync(join(setup.keysDir, 'signing-keys.json')).mode & 0o777, 0o600)
  t.same(await kids(await setup.restart()), await kids(setup.auth))
  const { body, headers } = await setup.auth.inject('/.well-known/jwks.json')
  t.notMatch(body, /"(?:d|p|q|dp|dq|qi|k)"/)
  t.equal(headers['cache-control'], 'public, max-age=300')
})

t.test(
  'a running process follows a rotation: next signs, the old key verifies until its tokens have expired, then leaves',
  async t => {
    const setup = await setUp(t)
    const { key } = await addKey(setup, ['viewer'])
    const before = await kids(setup.auth)
    const token = await tokenFor(setup, key)
    await rotateSigningKeys(setup.keysDir, { nowMs: setup.clock.ms })
    await setup.auth.reloadKeys()
    const after = await kids(setup.auth)
    t.equal(after.length, 3)
    t.same([after[0], after[2]], [before[1], before[0]], 'next signs, current only verifies')
    t.equal((await ask(setup, { headers: bearer(token) })).status, 200, 'an old token is still good')
    const fresh = await tokenFor(setup, key)
    t.equal(decodeProtectedHeader(fresh).kid, before[1], 'and a new one is signed by the new key')
    setup.clock.ms += untilExpired
    t.same(
      await kids(setup.auth),
      [after[0], after[1]],
      'when what it signed has expired, the old key is gone',
    )
  },
)

t.test('rotating twice keeps both old keys while their tokens live', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer'])
  const first = await tokenFor(setup, key)
  for (let turn = 0; turn < 2; turn++) {
    await rotateSigningKeys(setup.keysDir, { nowMs: setup.clock.ms, hurry: true })
    await setup.auth.reloadKeys()
  }
  t.equal((await kids(setup.auth)).length, 4)
  t.equal((await ask(setup, { headers: bearer(first) })).status, 200)
})

t.test(
  'a second rotation waits until every reader may have heard of the next key, unless in a hurry',
  async t => {
    const directory = folder(t)
    const nowMs = Date.now()
    await rotateSigningKeys(directory, { nowMs })
    await t.rejects(rotateSigningKeys(directory, { nowMs: nowMs + 1000 }), { message: /try again in 599 s/ })
    await t.resolves(rotateSigningKeys(directory, { nowMs: nowMs + 1000, hurry: true }))
    await t.resolves(rotateSigningKeys(directory, { nowMs: nowMs + 601_000 }))
  },
)

t.test('stolen keys are all replaced, and what they signed is refused at once', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer'])
  await rotateSigningKeys(setup.keysDir, { nowMs: setup.clock.ms })
  await setup.auth.reloadKeys()
  const stolen = await kids(setup.auth)
  const token = await tokenFor(setup, key)
  t.equal((await ask(setup, { headers: bearer(token) })).status, 200)
  await rotateSigningKeys(setup.keysDir, { discard: true, nowMs: setup.clock.ms })
  await setup.auth.reloadKeys()
  const after = await kids(setup.auth)
  t.same([after.length, after.filter(kid => stolen.includes(kid))], [2, []])
  t.equal((await ask(setup, { headers: bearer(token) })).status, 401)
  t.equal((await ask(setup, { headers: bearer(await tokenFor(setup, key)) })).status, 200)
})

for (const algorithm of ['ES256', 'EdDSA'] as const) {
  t.test(`${algorithm}: signs, verifies, and takes no other algorithm with its key`, async t => {
    const setup = await setUp(t)
    const { key, id } = await addKey(setup, ['viewer'])
    for (let turn = 0; turn < 2; turn++)
      await rotateSigningKeys(setup.keysDir, { algorithm, hurry: true, nowMs: setup.clock.ms })
    await setup.auth.reloadKeys()
    const token = await tokenFor(setup, key)
    t.equal(decodeProtectedHeader(token).alg, algorithm)
    t.equal((await ask(setup, { headers: bearer(token) })).status, 200)
    const { keys } = await setup.auth.jwks()
    const [current] = keys
    t.match(await createPublishedKeys(setup.auth.jwks).find(current?.kid), { algorithm })
    const now = Math.floor(setup.clock.ms / 1000)
    const claims = {
      iss: 'glimmr',
      aud: 'glimmr',
      sub: `key:${id}`,
      org: organisation,
      roles: ['viewer'],
      scopes: ['core:read'],
      iat: now,
      exp: now + 60,
    }
    // A retired RSA key of ours, signing under the id of the current one.
    const stored = JSON.parse(readFileSync(join(setup.keysDir, 'signing-keys.json'), 'utf8'))
    const rsa = await importJWK(
      stored.retired.find((one: { key: { kty: string } }) => one.key.kty === 'RSA').key,
      'RS256',
    )
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: String(current?.kid) })
      .sign(rsa)
    t.equal((await ask(setup, { headers: bearer(confused) })).status, 401)
    const content = [{ alg: 'HS256', kid: current?.kid }, claims]
      .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const secret = Buffer.from(String(current?.x), 'base64url')
    const hmac = `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
    t.equal((await ask(setup, { headers: bearer(hmac) })).status, 401)
  })
}

t.test('two processes that start at once, and two that rotate at once, end with the same keys', async t => {
  const directory = folder(t)
  const module = JSON.stringify(new URL('signing-keys.ts', import.meta.url).href)
  const run = async (call: string) => {
    const code = `const m = await import(${module}); const k = await m.${call}; console.log(k.current.kid, k.retired.length)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])
    return stdout.trim()
  }
  const load = `loadSigningKeys(${JSON.stringify(directory)})`
  const started = await Promise.all([run(load), run(load)])
  t.equal(started[0], started[1])
  const rotate = `rotateSigningKeys(${JSON.stringify(directory)}, { hurry: true })`
  const rotated = await Promise.all([run(rotate), run(rotate)])
  t.same(rotated.map(line => line.split(' ')[1]).sort(), ['1', '2'], 'one after the other')
  t.same(readdirSync(directory), ['signing-keys.json'], 'no drafts, no locks')
})

t.test('a lock that a killed process has left holds nobody up for long', async t => {
  const directory = folder(t)
  await loadSigningKeys(directory)
  const lock = join(directory, 'signing-keys.json.lock')
  writeFileSync(lock, '')
  utimesSync(lock, new Date(Date.now() - 11_000), new Date(Date.now() - 11_000))
  await t.resolves(rotateSigningKeys(directory))
  t.same(readdirSync(directory), ['signing-keys.json'])
})

t.test('retired keys have a bound', async t => {
  const directory = folder(t)
  for (let turn = 0; turn < 20; turn++)
    await rotateSigningKeys(directory, { algorithm: 'EdDSA', hurry: true })
  await t.rejects(rotateSigningKeys(directory, { hurry: true }), { message: /20 retired keys/ })
  await t.resolves(rotateSigningKeys(directory, { hurry: true, nowMs: Date.now() + untilExpired + 1000 }))
})

t.test('another process sees a rotation within some seconds, by itself', async t => {
  const directory = folder(t)
  const ring = await openKeyRing({
    directory,
    now: Date.now,
    intervalMs: 20,
    onError: error => t.fail(String(error)),
  })
  t.teardown(() => ring.stop())
  const next = ring.jwks().keys[1]?.kid
  await rotateSigningKeys(directory)
  for (let tries = 0; tries < 200 && ring.current().kid !== next; tries++)
    await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(ring.current().kid, next)
})

t.test(
  'a damaged file leaves a running process its keys and keeps another from starting, without showing it',
  async t => {
    const directory = folder(t)
    const errors: unknown[] = []
    const ring = await openKeyRing({
      directory,
      now: Date.now,
      intervalMs: 60_000,
      onError: error => void errors.push(error),
    })
    t.teardown(() => ring.stop())
    const { kid } = ring.current()
    const { privateKey: weak } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const path = join(directory, 'signing-keys.json')
    const good = JSON.parse(readFileSync(path, 'utf8'))
    const damaged = [
      'topsecret',
      '{"version":1,"current":"topsecret"}',
      JSON.stringify({ ...good, current: { ...good.current, key: weak.export({ format: 'jwk' }) } }),
      JSON.stringify({ ...good, current: { ...good.current, key: { kty: 'oct', k: 'topsecret' } } }),
    ]
    for (const content of damaged) {
      rmSync(path)
      writeFileSync(path, content)
      await ring.reload()
      await ring.reload()
      await t.rejects(loadSigningKeys(directory), { message: /signing-keys\.json cannot be used/ })
    }
    t.equal(ring.current().kid, kid)
    t.equal(errors.length, damaged.length, 'each told once')
    t.notMatch(errors.map(String).join(), /topsecret/)
  },
)

t.test('a key of the operator’s own is taken in at the first start', async t => {
  const directory = folder(t)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(directory, 'current.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const { current } = await loadSigningKeys(directory)
  t.ok(current.privateKey.equals(privateKey))
  t.same(readdirSync(directory), ['signing-keys.json'])
  const other = folder(t)
  writeFileSync(join(other, 'current.jwk'), '{"kty":"RSA","d":"topsecret"}')
  await t.rejects(loadSigningKeys(other), { message: /current\.jwk holds no usable private key$/ })
})
