import { createHmac, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, SignJWT } from 'jose'
import t from 'tap'
import { addKey, ask, bearer, organisation, setUp } from '../test-auth.ts'
import { parseIssuers } from './issuer.ts'
import { externalIssuer, startIssuer } from './test-issuer.ts'
import { member, said, withIssuer } from './test-setup.ts'

t.test('a token of a configured issuer becomes a token of ours, with what its claims give here', async t => {
  const { issuer, setup } = await withIssuer(t)
  const token = await issuer.token({ ...member, realm: { roles: ['staff', 'other', 'team', 'staff'] } })
  const verdict = await ask(setup, { headers: bearer(token), address: '/verify?scope=media:write' })
  t.equal(verdict.status, 200)
  t.match(verdict.headers, {
    'x-auth-subject': 'acme:ann',
    'x-auth-org': organisation,
    'x-auth-roles': 'viewer,uploader',
    'x-auth-class': 'standard',
  })
  const ours = String(verdict.headers.authorization).slice(7)
  t.not(ours, token, 'services never see the foreign token')
  t.match(decodeJwt(ours), { iss: 'glimmr', sub: 'acme:ann', org: organisation })
  t.match(await said(setup, ours), /^401/, 'which is no credential from outside')
  t.match(await said(setup, await issuer.token(member), '/verify?scope=media:write'), /^403.*media:write/)
  const exchange = await setup.auth.inject({
    method: 'POST',
    url: '/v1/core/tokens',
    headers: bearer(token),
  })
  t.equal(exchange.statusCode, 401, 'only an API key buys tokens')
})

t.test('every algorithm of theirs, each key with its own', async t => {
  const { issuer, setup } = await withIssuer(t)
  issuer.addKey('ec', 'ec')
  issuer.addKey('ed', 'ed25519')
  t.equal(await said(setup, await issuer.token(member, { kid: 'ec', alg: 'ES256' })), 'admitted')
  t.equal(await said(setup, await issuer.token(member, { kid: 'ed', alg: 'EdDSA' })), 'admitted')
})

t.test('wrong, foreign, forged and confused tokens are refused', async t => {
  const { issuer, setup } = await withIssuer(t)
  const now = Math.floor(setup.clock.ms / 1000)
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const key = issuer.keys.get('one')
  if (!key) throw new Error('no key')
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const claims = { iss: externalIssuer, aud: 'glimmr', sub: 'ann', exp: now + 60, ...member }
  const hmac = (header: object) => {
    const content = `${encode(header)}.${encode(claims)}`
    return `${content}.${createHmac('sha256', pem).update(content).digest('base64url')}`
  }
  const other = await startIssuer(t, () => setup.clock.ms)
  const { key: apiKey } = await addKey(setup, ['admin'])
  const ownKid = (await setup.auth.jwks()).keys[0]?.kid
  const cases: [string, string, RegExp][] = [
    ['another audience', await issuer.token({ ...member, aud: 'other' }), /another audience/],
    ['no audience', await issuer.token({ ...member, aud: undefined }), /another audience/],
    ['an issuer we do not know', await issuer.token({ ...member, iss: 'https://evil.example/' }), /^401/],
    ['our name as issuer', await issuer.token({ ...member, iss: 'glimmr' }), /not ours/],
    ['expired', await issuer.token({ ...member, exp: now - 10 }), /expired/],
    ['without an end', await issuer.token({ ...member, exp: undefined }), /^401/],
    ['not yet', await issuer.token({ ...member, nbf: now + 100 }), /^401/],
    ['without a subject', await issuer.token({ ...member, sub: undefined }), /^401/],
    [
      'a subject with a newline',
      await issuer.token({ ...member, sub: 'a\r\nX-Auth-Org: b' }),
      /plain characters/,
    ],
    ['another key under their id', await other.token(member), /^401/],
    ['our key id', await issuer.token(member, { kid: 'x', jku: other.url }), /does not have/],
    ['our signing key’s id', hmac({ alg: 'RS256', kid: ownKid }), /does not have/],
    ['none', `${encode({ alg: 'none', kid: 'one' })}.${encode(claims)}.`, /^401/],
    ['HS256 with their public key', hmac({ alg: 'HS256', kid: 'one' }), /^401/],
    ['HS256 named RS256', hmac({ alg: 'RS256', kid: 'one' }), /^401/],
    ['no organisation', await issuer.token({ ...member, tenant: 'other' }), /^403 .*organisation/],
    ['a tenant of an object’s prototype', await issuer.token({ ...member, tenant: 'constructor' }), /^403/],
    ['two tenants', await issuer.token({ ...member, tenant: ['acme', 'acme'] }), /^403/],
    ['no role', await issuer.token({ ...member, realm: { roles: ['other'] } }), /^403/],
    ['a role that is not mapped', await issuer.token({ ...member, realm: { roles: ['admin'] } }), /^403/],
    ['roles that are no list', await issuer.token({ ...member, realm: { roles: { a: 1 } } }), /^403/],
    ['a pointer past the end', await issuer.token({ ...member, realm: null }), /^403/],
  ]
  for (const [name, token, answer] of cases) t.match(await said(setup, token), answer, name)
  t.equal(await said(setup, await issuer.token(member)), 'admitted')
  t.equal(await said(setup, apiKey), 'admitted', 'our own keys as ever')
})

t.test('keys are kept as Cache-Control says, an unknown id asks again but not at every token', async t => {
  const { issuer, setup } = await withIssuer(t)
  issuer.answer.cacheControl = 'public, max-age=600'
  for (let turn = 0; turn < 5; turn++) {
    t.equal(await said(setup, await issuer.token({ ...member, jti: String(turn) })), 'admitted')
    setup.clock.ms += 100_000
  }
  t.equal(issuer.asked, 1)
  setup.clock.ms += 100_000
  await said(setup, await issuer.token(member))
  t.equal(issuer.asked, 2, 'asked again after ten minutes')
  setup.clock.ms += 10_000
  issuer.addKey('two')
  t.equal(await said(setup, await issuer.token(member, { kid: 'two' })), 'admitted', 'a new key at once')
  t.equal(issuer.asked, 3)
  for (let turn = 0; turn < 20; turn++) {
    t.match(await said(setup, await issuer.token({ jti: turn, ...member }, { kid: `no-${turn}` })), /^401/)
    setup.clock.ms += 400
  }
  t.equal(issuer.asked, 3, 'twenty unknown ids in eight seconds ask nothing')
})

t.test(
  'a key that its issuer withdraws is good for a minute at most after the keys are asked again',
  async t => {
    const { issuer, setup } = await withIssuer(t)
    issuer.answer.cacheControl = 'max-age=60'
    issuer.addKey('two')
    const token = await issuer.token(member)
    t.equal(await said(setup, token), 'admitted')
    issuer.keys.delete('one')
    setup.clock.ms += 61_000
    t.match(await said(setup, token), /does not have/)
  },
)

t.test('an issuer that is away: known keys serve an hour, then it is 503', async t => {
  const { issuer, setup } = await withIssuer(t)
  t.equal(await said(setup, await issuer.token(member)), 'admitted')
  issuer.answer.status = 500
  setup.clock.ms += 301_000
  t.equal(await said(setup, await issuer.token(member)), 'admitted')
  setup.clock.ms += 3_600_000
  t.match(await said(setup, await issuer.token(member)), /^503 .*acme cannot be had/)
  issuer.answer.status = 200
  setup.clock.ms += 10_000
  t.equal(await said(setup, await issuer.token(member)), 'admitted')
})

t.test('answers that are no keys: too large, a redirect, not JSON', async t => {
  const answers = [
    { status: 302, location: 'http://127.0.0.1:1/', body: '' },
    { status: 200, body: 'nonsense' },
    { status: 200, body: '{"keys":{}}' },
    { status: 200, body: `{"keys":[],"x":"${'x'.repeat(70_000)}"}` },
  ]
  const { issuer, setup } = await withIssuer(t)
  for (const answer of answers) {
    issuer.answer = { cacheControl: undefined, ...answer }
    t.match(await said(setup, await issuer.token(member)), /^503/)
    setup.clock.ms += 10_000
  }
  issuer.answer = { status: 200, cacheControl: undefined, body: undefined }
  t.equal(await said(setup, await issuer.token(member)), 'admitted')
})

t.test(
  'a user that core knows has core’s roles, whatever the claims; disabled, suspended: refused',
  async t => {
    const { issuer, setup } = await withIssuer(t)
    await setup.db.pool.query(
      `insert into core.users (organisation_id, name, issuer, subject, roles, created_by)
     values ($1, 'Ann', $2, 'ann', '{partner,admin}', 'test')`,
      [organisation, externalIssuer],
    )
    const token = await issuer.token({ ...member, realm: { roles: ['team'] } })
    const verdict = await ask(setup, { headers: bearer(token) })
    t.match(verdict.headers, { 'x-auth-org': organisation, 'x-auth-roles': 'partner,admin' })
    await setup.db.pool.query('update core.users set disabled_at = now()')
    setup.clock.ms += 5000
    t.match(await said(setup, token), /^401 The user was disabled/)
    await setup.db.pool.query('update core.users set disabled_at = null')
    await setup.db.pool.query('update core.organisations set suspended_at = now() where id = $1', [
      organisation,
    ])
    setup.clock.ms += 5000
    t.match(await said(setup, token), /^401 The organisation is suspended/)
  },
)

t.test('HS256 is for an issuer with a secret, and for nothing else', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-issuer-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const secret = 'a secret of thirty-two bytes or more'
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  const issuerOf = (file: string, more: object = {}) => ({
    name: 'batch',
    issuer: 'batch',
    audience: 'glimmr',
    algorithms: ['HS256'],
    secret_file: join(folder, file),
    organisation: { value: organisation },
    roles: { value: ['partner'] },
    ...more,
  })
  const parse = (...issuers: object[]) => parseIssuers(JSON.stringify({ issuers }))
  const setup = await setUp(t, { issuers: parse(issuerOf('secret')) })
  const sign = (key: string, alg = 'HS256') =>
    new SignJWT({ iss: 'batch', aud: 'glimmr', sub: 'nightly' })
      .setProtectedHeader({ alg })
      .setExpirationTime(Math.floor(setup.clock.ms / 1000) + 60)
      .sign(Buffer.from(key))
  t.equal(await said(setup, await sign(secret)), 'admitted')
  t.match(await said(setup, await sign('another secret of thirty-two bytes')), /^401/)
  t.match(await said(setup, await sign('x'.repeat(64), 'HS512')), /^401/)
  writeFileSync(join(folder, 'short'), 'short')
  t.throws(() => parse(issuerOf('short')), { message: /shorter than 32 bytes/ })
  t.throws(() => parse(issuerOf('secret', { algorithms: ['RS256'] })))
})
