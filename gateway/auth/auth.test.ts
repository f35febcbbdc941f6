import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiKey } from '@glimmr/lib/api-keys'
import { decodeJwt, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose'
import t from 'tap'
import { type Ask, addKey, ask, bearer, organisation, problemOf, setUp } from './test-auth.ts'

t.test('a key becomes an identity and a short token that the published keys verify', async t => {
  const setup = await setUp(t)
  const key = await addKey(setup, ['partner', 'viewer'])
  for (const headers of [
    bearer(key.key),
    { 'x-api-key': key.key },
    { authorization: `bearer  ${key.key}` },
  ]) {
    const { status, headers: said } = await ask(setup, { headers, address: '/verify?scope=core:read' })
    t.equal(status, 200)
    t.match(said, {
      'x-auth-subject': `key:${key.id}`,
      'x-auth-org': organisation,
      'x-auth-roles': 'partner,viewer',
      'x-auth-scopes': 'core:read,links:read,links:write',
      'x-auth-class': 'standard',
      'x-request-id': 'req-1',
    })
    t.equal(said['x-api-key'], undefined)
    const { keys } = await setup.auth.jwks()
    const token = String(said.authorization).slice(7)
    const { payload, protectedHeader } = await jwtVerify(
      token,
      async ({ kid }) => importJWK(keys.find(one => one.kid === kid) as never, 'RS256'),
      {
        issuer: 'glimmr',
        audience: 'glimmr',
        currentDate: new Date(setup.clock.ms),
      },
    )
    t.equal(protectedHeader.alg, 'RS256')
    t.match(payload, {
      sub: `key:${key.id}`,
      org: organisation,
      roles: ['partner', 'viewer'],
      scopes: ['core:read', 'links:read', 'links:write'],
      jti: String,
      'https://hasura.io/jwt/claims': {
        'x-hasura-default-role': 'partner',
        'x-hasura-allowed-roles': ['partner', 'viewer'],
        'x-hasura-user-id': `key:${key.id}`,
        'x-hasura-org-id': organisation,
      },
    })
    t.equal(Number(payload.exp) - Number(payload.iat), 300)
  }
})

t.test('the token of a key is kept, and renewed before it ends', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer'])
  const token = async () => (await ask(setup, { headers: bearer(key) })).headers.authorization
  const first = await token()
  setup.clock.ms += 2000
  t.equal(await token(), first)
  const known = setup.auth.verify({
    address: '/verify',
    headers: bearer(key),
    method: 'GET',
    uri: '/',
    requestId: 'r',
    traceId: undefined,
  })
  t.notOk(known instanceof Promise, 'answered at once, without a query')
  setup.clock.ms += 299_000
  const second = await token()
  t.not(second, first)
  t.ok(Number(decodeJwt(String(second).slice(7)).exp) * 1000 > setup.clock.ms)
})

t.test('every refusal says why, in a problem document with the request and trace id', async t => {
  const setup = await setUp(t)
  const good = await addKey(setup, ['viewer'])
  const expired = await addKey(setup, ['viewer'], { expires_at: new Date(setup.clock.ms - 1000) })
  const revoked = await addKey(setup, ['viewer'], { revoked_at: new Date(setup.clock.ms - 1000) })
  const unknown = createApiKey({ roles: ['admin'] }).key
  const cases: [Ask, number, RegExp, RegExp][] = [
    [{}, 401, /needs an API key/, /^Bearer realm="glimmr"$/],
    [{ headers: { authorization: 'Basic dTpw' } }, 401, /not of the form/, /invalid_token/],
    [{ headers: { authorization: 'Bearer' } }, 401, /not of the form/, /invalid_token/],
    [{ headers: bearer('glm_short') }, 401, /not of the form of an API key/, /invalid_token/],
    [{ headers: bearer(unknown) }, 401, /no such API key/, /invalid_token/],
    [{ headers: bearer(expired.key) }, 401, /has expired/, /invalid_token/],
    [{ headers: bearer(revoked.key) }, 401, /was revoked/, /invalid_token/],
    [{ headers: { ...bearer(good.key), 'x-api-key': good.key } }, 401, /one credential/, /invalid_token/],
    [
      { headers: { authorization: [`Bearer ${good.key}`, 'Bearer x'] } },
      401,
      /one credential/,
      /invalid_token/,
    ],
    [
      { headers: bearer(good.key), address: '/verify?scope=media:read' },
      403,
      /needs the scope media:read; the credential has core:read/,
      /insufficient_scope.*scope="media:read"/,
    ],
    [
      { headers: { ...bearer(good.key), 'x-hasura-role': 'admin' } },
      403,
      /must be one of viewer/,
      /insufficient_scope/,
    ],
    [
      { headers: { ...bearer(good.key), 'x-hasura-role': ['viewer', 'admin'] } },
      403,
      /must be one of/,
      /insufficient_scope/,
    ],
  ]
  for (const [question, status, detail, challenge] of cases) {
    const verdict = await ask(setup, question)
    t.equal(verdict.status, status, String(detail))
    t.equal(verdict.headers['content-type'], 'application/problem+json')
    t.match(verdict.headers['www-authenticate'], challenge)
    t.match(problemOf(verdict), {
      status,
      detail,
      request_id: 'req-1',
      trace_id: 'trace-1',
      instance: '/v1/core/x',
    })
    t.notMatch(JSON.stringify(verdict), /glm_[a-z0-9]{8}_/, 'no key is repeated')
    t.equal(verdict.headers['x-auth-subject'], undefined)
  }
  const { body } = await setup.auth.inject('/metrics')
  for (const reason of [
    'no_credentials',
    'unknown_key',
    'expired_key',
    'revoked_key',
    'missing_scope',
    'role_not_allowed',
    'two_credentials',
  ])
    t.match(body, new RegExp(`glimmr_auth_verdicts_total\\{reason="${reason}".*\\} [1-9]`), reason)
})

t.test('writing may need another scope than reading; X-Hasura-Role passes when the key has it', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer', 'partner'])
  const address = '/verify?scope=links:read&write_scope=media:write'
  for (const [method, status] of [
    ['GET', 200],
    ['HEAD', 200],
    ['OPTIONS', 200],
    ['POST', 403],
    ['PUT', 403],
    ['PROPFIND', 403],
  ] as const)
    t.equal((await ask(setup, { headers: bearer(key), address, method })).status, status, method)
  const chosen = await ask(setup, { headers: { ...bearer(key), 'x-hasura-role': 'partner' } })
  t.equal(chosen.headers['x-hasura-role'], 'partner')
  t.equal((await ask(setup, { headers: bearer(key) })).headers['x-hasura-role'], undefined)
})

t.test(
  'over GraphQL an admin of one organisation is an uploader; Hasura’s admin is an operator’s',
  async t => {
    const setup = await setUp(t)
    const admin = await addKey(setup, ['admin'])
    const operator = await addKey(setup, ['admin', 'operator'])
    const claims = async (key: string) =>
      decodeJwt(String((await ask(setup, { headers: bearer(key) })).headers.authorization).slice(7))[
        'https://hasura.io/jwt/claims'
      ]
    t.match(await claims(admin.key), {
      'x-hasura-default-role': 'uploader',
      'x-hasura-allowed-roles': ['uploader'],
    })
    t.match(await claims(operator.key), {
      'x-hasura-default-role': 'admin',
      'x-hasura-allowed-roles': ['admin', 'operator'],
    })
    const asAdmin = (key: string) =>
      ask(setup, { headers: { ...bearer(key), 'x-hasura-role': 'admin' } }).then(({ status }) => status)
    t.same([await asAdmin(admin.key), await asAdmin(operator.key)], [403, 200])
  },
)

t.test('a revocation is seen within five seconds, for the key and for tokens made from it', async t => {
  const setup = await setUp(t)
  const key = await addKey(setup, ['viewer'])
  const made = await setup.auth.inject({
    method: 'POST',
    url: '/v1/core/tokens',
    headers: { 'x-api-key': key.key },
  })
  const { access_token: token } = made.json<{ access_token: string }>()
  t.equal((await ask(setup, { headers: bearer(key.key) })).status, 200)
  t.equal((await ask(setup, { headers: bearer(token) })).status, 200)
  await setup.db.pool.query('update core.api_keys set revoked_at = now() where id = $1', [key.id])
  setup.clock.ms += 5000
  t.match(problemOf(await ask(setup, { headers: bearer(key.key) })), { status: 401, detail: /revoked/ })
  t.match(problemOf(await ask(setup, { headers: bearer(token) })), { status: 401, detail: /revoked/ })
  await setup.db.pool.query('delete from core.api_keys where id = $1', [key.id])
  setup.clock.ms += 5000
  t.match(problemOf(await ask(setup, { headers: bearer(key.key) })), { status: 401, detail: /no such/ })
})

t.test('two instances that share a database both see a revocation within five seconds', async t => {
  const setup = await setUp(t)
  const instances = [setup.auth, await setup.restart()]
  const key = await addKey(setup, ['viewer'])
  const statuses = () =>
    Promise.all(instances.map(async auth => (await ask({ auth }, { headers: bearer(key.key) })).status))
  t.same(await statuses(), [200, 200])
  await setup.db.pool.query('update core.api_keys set revoked_at = now() where id = $1', [key.id])
  setup.clock.ms += 5000
  t.same(await statuses(), [401, 401])
})

t.test(
  'a suspended organisation and a disabled user end their keys, until they are let in again',
  async t => {
    const setup = await setUp(t)
    const { rows } = await setup.db.pool.query<{ id: string }>(
      `insert into core.users (organisation_id, name, issuer, subject, roles, created_by)
     values ($1, 'Ann', 'https://login.example/', 'ann', '{viewer}', 'test') returning id`,
      [organisation],
    )
    const key = await addKey(setup, ['viewer'], { user_id: String(rows[0]?.id) })
    const asked = async () => {
      setup.clock.ms += 5000
      const verdict = await ask(setup, { headers: bearer(key.key) })
      return verdict.status === 200 ? 'admitted' : problemOf(verdict).detail
    }
    t.equal(await asked(), 'admitted')
    await setup.db.pool.query('update core.users set disabled_at = now()')
    t.equal(await asked(), 'The user was disabled')
    await setup.db.pool.query('update core.users set disabled_at = null')
    await setup.db.pool.query('update core.organisations set suspended_at = now()')
    t.equal(await asked(), 'The organisation is suspended')
    await setup.db.pool.query('update core.organisations set suspended_at = null')
    t.equal(await asked(), 'admitted')
  },
)

t.test('a flood of unknown keys, or of one key at once, is few queries and bounded memory', async t => {
  const setup = await setUp(t)
  const key = await addKey(setup, ['viewer'])
  const { rows: before } = await setup.db.pool.query<{ calls: number }>(
    "select coalesce(sum(idx_scan), 0)::int as calls from pg_stat_user_indexes where indexrelname = 'api_keys_hash_key'",
  )
  const answers = await Promise.all(
    Array.from({ length: 500 }, async () => (await ask(setup, { headers: bearer(key.key) })).status),
  )
  t.ok(answers.every(status => status === 200))
  const unknown = createApiKey({ roles: ['admin'] }).key
  for (let turn = 0; turn < 100; turn++) t.equal((await ask(setup, { headers: bearer(unknown) })).status, 401)
  await setup.auth.close()
  const { rows: after } = await setup.db.pool.query<{ calls: number }>(
    "select coalesce(sum(idx_scan), 0)::int as calls from pg_stat_user_indexes where indexrelname = 'api_keys_hash_key'",
  )
  t.ok(Number(after[0]?.calls) - Number(before[0]?.calls) <= 4, 'one query each')
})

t.test('a token has the class of the key that it was made of', async t => {
  const setup = await setUp(t)
  const key = await addKey(setup, ['viewer'], { limit_class: 'bulk' })
  const made = await setup.auth.inject({ method: 'POST', url: '/v1/core/tokens', headers: bearer(key.key) })
  for (const credential of [key.key, made.json<{ access_token: string }>().access_token])
    t.equal((await ask(setup, { headers: bearer(credential) })).headers['x-auth-class'], 'bulk')
  await setup.db.pool.query("update core.api_keys set limit_class = 'partner'")
  setup.clock.ms += 5000
  t.equal((await ask(setup, { headers: bearer(key.key) })).headers['x-auth-class'], 'partner')
})

t.test('a key that expires while it is in use stops at that moment', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer'], { expires_at: new Date(setup.clock.ms + 1000) })
  t.equal((await ask(setup, { headers: bearer(key) })).status, 200)
  setup.clock.ms += 1000
  t.match(problemOf(await ask(setup, { headers: bearer(key) })), { detail: /expired/ })
})

t.test('while the database is away known keys last a minute, unknown ones wait', async t => {
  const setup = await setUp(t)
  const known = await addKey(setup, ['viewer'])
  const other = await addKey(setup, ['viewer'])
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 200)
  await setup.db.pool.query('alter table core.api_keys rename to hidden')
  setup.clock.ms += 20_000
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 200)
  const waiting = await ask(setup, { headers: bearer(other.key) })
  t.equal(waiting.status, 503)
  t.equal(waiting.headers['retry-after'], '5')
  setup.clock.ms += 60_000
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 503)
  await setup.db.pool.query('alter table core.hidden rename to api_keys')
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 200)
})

t.test(
  'a key for a token of fifteen minutes, with fewer scopes if wished; never a token for a token',
  async t => {
    const setup = await setUp(t)
    const { key } = await addKey(setup, ['partner'])
    const request = (headers: Record<string, string>, payload?: object) =>
      setup.auth.inject({ method: 'POST', url: '/v1/core/tokens', headers, ...(payload && { payload }) })
    const made = await request(bearer(key), { scopes: ['core:read'] })
    t.equal(made.statusCode, 200)
    t.equal(made.headers['cache-control'], 'no-store')
    const { access_token: token, ...rest } = made.json<{ access_token: string }>()
    t.same(rest, { token_type: 'Bearer', expires_in: 900, scope: 'core:read' })
    t.equal((await ask(setup, { headers: bearer(token), address: '/verify?scope=core:read' })).status, 200)
    t.equal((await ask(setup, { headers: bearer(token), address: '/verify?scope=links:read' })).status, 403)
    t.equal((await ask(setup, { headers: bearer(token) })).headers.authorization, `Bearer ${token}`)
    setup.clock.ms += 900_000
    t.match(problemOf(await ask(setup, { headers: bearer(token) })), {
      status: 401,
      detail: /expired; get a new one/,
    })
    t.match((await request(bearer(token))).json(), { status: 401, detail: /made from an API key/ })
    t.match((await request(bearer(key), { scopes: ['admin'] })).json(), {
      status: 403,
      detail: /does not have admin/,
    })
    t.match((await request({})).json(), { status: 401 })
    t.equal((await request(bearer(key), { scope: 'x' })).statusCode, 400)
  },
)

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

t.test('uses of keys are counted in batches and never lost to a database that is away', async t => {
  const setup = await setUp(t)
  const { key, id } = await addKey(setup, ['viewer'])
  for (let use = 0; use < 5; use++) await ask(setup, { headers: bearer(key) })
  await ask(setup, {})
  await setup.auth.close()
  const { rows } = await setup.db.pool.query('select api_key_id, uses::int, last_used_at from auth.key_uses')
  t.match(rows, [{ api_key_id: id, uses: 5, last_used_at: new Date(setup.clock.ms) }])
  const second = await setup.restart()
  await ask({ auth: second }, { headers: bearer(key) })
  await second.close()
  const again = await setup.db.pool.query('select uses::int from auth.key_uses')
  t.same(again.rows, [{ uses: 6 }])
})

t.test('over HTTP: the same verdict from the headers that Traefik sends', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer'])
  const admitted = await setup.auth.inject({
    url: '/verify?scope=core:read',
    headers: {
      ...bearer(key),
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': '/v1/core/x',
      'x-request-id': 'abc',
    },
  })
  t.equal(admitted.statusCode, 200)
  t.equal(admitted.body, '')
  t.match(admitted.headers, { 'x-auth-roles': 'viewer', authorization: /^Bearer ey/, 'x-request-id': 'abc' })
  const refused = await setup.auth.inject({
    url: '/verify?scope=media:read&write_scope=media:write',
    headers: { ...bearer(key), 'x-forwarded-method': 'POST', 'x-forwarded-uri': '/v1/media/presign?x=1' },
  })
  t.equal(refused.statusCode, 403)
  t.match(refused.json(), { detail: /media:write/, instance: '/v1/media/presign' })
  t.equal(refused.headers['content-type'], 'application/problem+json')
})

t.test('the router’s own refusals are problems with the path that was asked for', async t => {
  const { auth } = await setUp(t)
  const limited = await auth.inject({
    url: `/problems/429?url=${encodeURIComponent('http://api/v1/core/prices?code=1')}`,
    headers: { 'x-request-id': 'abc' },
  })
  t.equal(limited.statusCode, 429)
  t.equal(limited.headers['retry-after'], '2')
  t.equal(limited.headers['content-type'], 'application/problem+json')
  t.same(limited.json(), {
    type: 'about:blank',
    title: 'Too Many Requests',
    status: 429,
    detail: 'Too many requests; wait and try again',
    instance: '/v1/core/prices',
    request_id: 'abc',
  })
  const unknown = await auth.inject({
    method: 'POST',
    url: '/problems/404',
    headers: { 'x-replaced-path': '/nowhere', 'content-type': 'application/json' },
    payload: '{broken',
  })
  t.equal(unknown.statusCode, 404)
  t.match(unknown.json(), { instance: '/nowhere', status: 404 })
  for (const odd of [
    '/problems/200',
    '/problems/999',
    '/problems/x',
    '/problems/404?url=%00',
    '/problems/404?url=a&url=b',
  ])
    t.equal((await auth.inject(odd)).statusCode, 404, odd)
})
