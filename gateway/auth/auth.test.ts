/** A credential becomes an identity: with which roles, scopes and class, and for how long it is kept. */
import { decodeJwt, importJWK, jwtVerify } from 'jose'
import t from 'tap'
import { addKey, ask, bearer, organisation, setUp } from './test-auth.ts'

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
