/** Tokens that are not ours, or not any more. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import t from 'tap'
import { addKey, ask, bearer, organisation, problemOf, setUp } from './test-auth.ts'

t.test(
  'no forged token passes: alg none, HS256 with the public key, foreign keys, injected keys, wrong claims',
  async t => {
    const setup = await setUp(t)
    const key = await addKey(setup, ['admin'])
    const { keys } = await setup.auth.jwks()
    const [published] = keys
    const kid = String(published?.kid)
    const now = Math.floor(setup.clock.ms / 1000)
    const claims = {
      iss: 'glimmr',
      aud: 'glimmr',
      sub: `key:${key.id}`,
      org: organisation,
      roles: ['admin'],
      scopes: ['admin'],
      iat: now,
      exp: now + 300,
    }
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const unsigned = (header: object, payload: object = claims) => `${encode(header)}.${encode(payload)}`
    const pem = await import('node:crypto').then(({ createPublicKey }) =>
      createPublicKey({ key: published as never, format: 'jwk' })
        .export({ type: 'spki', format: 'pem' })
        .toString(),
    )
    const hmac = (header: object) => {
      const content = unsigned(header)
      return `${content}.${createHmac('sha256', pem).update(content).digest('base64url')}`
    }
    const foreign = await generateKeyPair('RS256', { extractable: true })
    const foreignJwk = await exportJWK(foreign.publicKey)
    const byForeign = (header: object) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(foreign.privateKey)
    const own = JSON.parse(readFileSync(join(setup.keysDir, 'signing-keys.json'), 'utf8')).current.key
    const ownKey = await importJWK(own, 'RS256')
    const byUs = (payload: object) =>
      new SignJWT(payload as never).setProtectedHeader({ alg: 'RS256', kid }).sign(ownKey)
    const pss = () => {
      const content = unsigned({ alg: 'PS256', kid })
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      return `${content}.${sign('sha256', Buffer.from(content), privateKey).toString('base64url')}`
    }
    const { exp: _exp, ...withoutExp } = claims
    const valid = await byUs(claims)
    const tampered = `${valid.split('.')[0]}.${encode({ ...claims, scopes: ['admin', 'x'] })}.${valid.split('.')[2]}`
    const cases: [string, string, RegExp][] = [
      ['none', `${unsigned({ alg: 'none' })}.`, /not one of ours|not ours/],
      ['None', `${unsigned({ alg: 'None', kid })}.`, /not one of ours|not ours/],
      ['no signature', `${unsigned({ alg: 'RS256', kid })}.`, /not one of ours/],
      ['HS256 with the public key', hmac({ alg: 'HS256', kid }), /not one of ours|not ours/],
      ['HS256 named RS256', hmac({ alg: 'RS256', kid }), /not one of ours/],
      ['a foreign key', await byForeign({ kid: 'theirs' }), /not ours/],
      ['a foreign key under our id', await byForeign({ kid }), /not one of ours/],
      ['without an id', await byForeign({}), /not ours/],
      ['its own key in jwk', await byForeign({ jwk: foreignJwk }), /not ours/],
      ['its own key at jku', await byForeign({ jku: 'http://127.0.0.1:1/jwks', kid: 'x' }), /not ours/],
      ['a path as id', await byForeign({ kid: '../../../../dev/null' }), /not ours/],
      ['SQL as id', await byForeign({ kid: "x' union select 1 --" }), /not ours/],
      ['a crit header', `${unsigned({ alg: 'RS256', kid, crit: ['x'], x: 1 })}.AAAA`, /not one of ours/],
      ['PS256', pss(), /not one of ours|not ours/],
      ['changed claims', tampered, /not one of ours/],
      ['another audience', await byUs({ ...claims, aud: 'other' }), /another audience/],
      ['no audience', await byUs({ ...claims, aud: undefined }), /another audience/],
      ['another issuer', await byUs({ ...claims, iss: 'other' }), /another issuer/],
      ['expired', await byUs({ ...claims, exp: now - 1 }), /has expired/],
      ['without an end', await byUs(withoutExp), /not one of ours/],
      ['not yet', await byUs({ ...claims, nbf: now + 100 }), /not one of ours/],
      ['another subject', await byUs({ ...claims, sub: 'user:1' }), /not one of ours/],
      [
        'a key that is not there',
        await byUs({ ...claims, sub: 'key:00000000-0000-4000-8000-000000000099' }),
        /no such API key/,
      ],
      ['roles that are no list', await byUs({ ...claims, roles: 'admin' }), /not one of ours/],
      ['more than its key may do', await byUs({ ...claims, scopes: ['organisations'] }), /more than its key/],
      ['another organisation', await byUs({ ...claims, org: key.id }), /more than its key/],
      ['too long', `${'a'.repeat(9000)}.b.c`, /not one of ours/],
      ['no token', 'abc', /not one of ours/],
    ]
    for (const [name, token, detail] of cases) {
      const verdict = await ask(setup, { headers: bearer(token) })
      t.equal(verdict.status, 401, name)
      t.match(problemOf(verdict).detail, detail, name)
    }
    t.equal((await ask(setup, { headers: bearer(valid) })).status, 200, 'and ours passes')
  },
)
