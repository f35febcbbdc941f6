import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'tap'
import { authenticate } from './auth.ts'
import { createJwtCheck, type JwtConfig } from './jwt.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const now = 1_000_000
const roles = { 'x-hasura-allowed-roles': ['user', 'editor'], 'x-hasura-default-role': 'user' }
const claims = { exp: now + 60, 'https://hasura.io/jwt/claims': { ...roles, 'X-Hasura-User-Id': '7' } }

function token(
  body: unknown,
  { alg = 'RS256', key, crit }: { alg?: string; key?: string; crit?: string[] } = {},
): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg, typ: 'JWT', crit })}.${part(body)}`
  const signature =
    alg === 'none'
      ? Buffer.alloc(0)
      : key === undefined
        ? sign('sha256', Buffer.from(signed), rsa.privateKey)
        : createHmac('sha256', key).update(signed).digest()
  return `${signed}.${signature.toString('base64url')}`
}

function session(body: string, config: Partial<JwtConfig> = {}, headers: Record<string, string> = {}) {
  const jwt = createJwtCheck({ type: 'RS256', key: pem, ...config }, () => now)
  return authenticate({ adminSecret: 'secret', jwt }, { authorization: `Bearer ${body}`, ...headers })
}

test('a good token gives its role and its variables, and only those', t => {
  const headers = { 'x-hasura-role': 'editor', 'x-hasura-user-id': '1' }
  t.same(session(token(claims), {}, headers), {
    role: 'editor',
    vars: { 'x-hasura-user-id': '7', 'x-hasura-role': 'editor' },
    expiresAt: claims.exp * 1000,
  })
  t.equal(session(token(claims)).role, 'user')
  t.end()
})

test('a token of another key, another algorithm, without signature or with changed claims is refused', t => {
  const refused = { code: 'invalid-jwt', message: 'Could not verify JWT: JWSError JWSInvalidSignature' }
  t.throws(() => session(token(claims, { alg: 'none' })), refused)
  // The public key is no secret: it must not serve as one.
  t.throws(() => session(token(claims, { alg: 'HS256', key: pem })), refused)
  const [head, , signature] = token(claims).split('.')
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'x' })).toString('base64url')
  t.throws(() => session(`${head}.${changed}.${signature}`), refused)
  t.throws(() => session('garbage'), { code: 'invalid-jwt' })
  t.end()
})

test('expiry, audience and issuer hold', t => {
  const expired = token({ ...claims, exp: now - 30 })
  t.throws(() => session(expired), { message: 'Could not verify JWT: JWTExpired' })
  t.equal(session(expired, { allowed_skew: 60 }).role, 'user')
  t.throws(() => session(token(claims), { audience: 'us' }), {
    message: 'Could not verify JWT: JWTNotInAudience',
  })
  t.equal(session(token({ ...claims, aud: ['them', 'us'] }), { audience: 'us' }).role, 'user')
  t.throws(() => session(token({ ...claims, iss: 'x' }), { issuer: 'y' }), {
    message: 'Could not verify JWT: JWTNotInIssuer',
  })
  t.end()
})

test('a date that is no number ends the token at once, and what has to be understood is not passed over', t => {
  for (const [name, value] of [
    ['exp', String(now + 60)],
    ['exp', [now + 60]],
    ['nbf', 'now'],
  ] as const)
    t.throws(() => session(token({ ...claims, [name]: value })), {
      code: 'invalid-jwt',
      message: /JWTClaimsSetDecodeError .*parsing NumericDate failed, expected Number/,
    })
  const critical = token(claims, { crit: ['b64'] })
  t.throws(() => session(critical), { message: 'Could not verify JWT: JWSError JWSInvalidSignature' })
  t.end()
})

test('a key that is too short, or not of its algorithm, is refused at the start', t => {
  const secret = 'x'.repeat(31)
  t.throws(() => createJwtCheck({ type: 'HS256', key: secret }), /atleast 32 characters/)
  t.doesNotThrow(() => createJwtCheck({ type: 'HS256', key: `${secret}x` }))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const curve = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  for (const type of ['RS256', 'PS256', 'ES384', 'Ed25519'])
    t.throws(() => createJwtCheck({ type, key: curve }), /the key is not one for/, type)
  t.doesNotThrow(() => createJwtCheck({ type: 'ES256', key: curve }))
  t.end()
})

test('what a token says of permissions for backends is nothing, and an empty role asks for none', t => {
  const own = { ...roles, 'x-hasura-use-backend-only-permissions': 'true' }
  const said = session(token({ 'https://hasura.io/jwt/claims': own }), {}, { 'x-hasura-role': '' })
  t.same(said, { role: 'user', vars: { 'x-hasura-role': 'user' } })
  t.end()
})

test('claims that are not what they should be are refused in words that say so', t => {
  const namespace = 'https://hasura.io/jwt/claims'
  const refused = (body: unknown, message: RegExp | string, config: Partial<JwtConfig> = {}) =>
    t.throws(() => session(token(body), config), { code: 'jwt-invalid-claims', message })
  refused({}, `claims key: '${namespace}' not found`)
  refused({}, "claims not found at claims_namespace_path: '$.a'", { claims_namespace_path: '$.a' })
  refused({ [namespace]: 1 }, 'expecting a json object when claims_format is json')
  const stringified = { claims_format: 'stringified_json' } as const
  refused({ [namespace]: {} }, 'expecting a string when claims_format is stringified_json', stringified)
  refused({ [namespace]: '{' }, /^expecting stringified json at: .* but found: {$/, stringified)
  refused(
    { [namespace]: { ...roles, 'x-hasura-default-role': ['user'] } },
    'invalid x-hasura-default-role; should be a single role name: parsing Text failed, expected String, but encountered Array',
  )
  t.end()
})

test('a role that the token does not allow is denied', t => {
  t.throws(() => session(token(claims), {}, { 'x-hasura-role': 'admin' }), { code: 'access-denied' })
  t.throws(() => session(token({ ...claims, 'https://hasura.io/jwt/claims': {} })), {
    code: 'jwt-missing-role-claims',
  })
  t.end()
})

test('claims are found by path, by map and in stringified JSON', t => {
  const nested = token({ exp: now + 1, hasura: { 'claims%': { ...roles, 'x-hasura-n': 5 } } })
  t.equal(session(nested, { claims_namespace_path: "$.hasura['claims%']" }).vars['x-hasura-n'], '5')
  const text = token({ 'https://hasura.io/jwt/claims': JSON.stringify(roles) })
  t.equal(session(text, { claims_format: 'stringified_json' }).role, 'user')
  const claims_map = {
    'x-hasura-allowed-roles': ['user'],
    'x-hasura-default-role': 'user',
    'x-hasura-user-id': { path: "$.['https://my.app'].id" },
  }
  t.equal(session(token({ 'https://my.app': { id: 'u1' } }), { claims_map }).vars['x-hasura-user-id'], 'u1')
  t.throws(() => session(token({}), { claims_map }), {
    message: 'JWT claim from claims_map, x-hasura-user-id not found',
  })
  t.end()
})

test('the admin secret opens everything, a wrong one nothing', t => {
  const secret = (given: string) =>
    authenticate({ adminSecret: 'secret' }, { 'x-hasura-admin-secret': given, 'x-hasura-role': 'user' })
  t.same(secret('secret'), { role: 'user', vars: { 'x-hasura-role': 'user' } })
  t.same(authenticate({ adminSecret: 'secret' }, { 'x-hasura-admin-secret': 'secret' }), {
    role: 'admin',
    vars: { 'x-hasura-role': 'admin' },
  })
  t.throws(() => secret('secret2'), { code: 'access-denied' })
  t.throws(() => authenticate({ adminSecret: 'secret' }, { 'x-hasura-role': 'admin' }), {
    code: 'access-denied',
  })
  t.same(
    authenticate({ adminSecret: 'secret', unauthorizedRole: 'anonymous' }, { 'x-hasura-role': 'admin' }).role,
    'anonymous',
  )
  t.end()
})
