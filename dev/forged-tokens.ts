/** For tests: tokens that nobody must take, each with its name, beside the keys of the one who signs the good ones. */
import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import type { Jwk } from '@glimmr/lib/auth'

export type Forger = {
  jwks: { keys: Jwk[] }
  /** A good token. */
  good(claims?: Record<string, unknown>): string
  /** Name and token. */
  forged(): [name: string, token: string][]
}

type Claims = Record<string, unknown>

export type ForgerOptions = {
  /** Of a good token: who, which organisation, roles and scopes. */
  claims: Claims
  /** Those who verify know these; made when left out, and published in `jwks`. */
  keys?: { rsa: OwnKey; ec: OwnKey }
}
type OwnKey = { kid: string; privateKey: KeyObject }

export function createForger({ claims, keys }: ForgerOptions): Forger {
  const made = () => ({
    rsa: { kid: 'rsa', privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey },
    ec: { kid: 'ec', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
  })
  const { rsa: ownRsa, ec: ownEc } = keys ?? made()
  const [rsaKid, ecKid] = [ownRsa.kid, ownEc.kid]
  const rsa = { ...ownRsa, publicKey: createPublicKey(ownRsa.privateKey) }
  const ec = { ...ownEc, publicKey: createPublicKey(ownEc.privateKey) }
  const ed = generateKeyPairSync('ed25519')
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const published = [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: rsaKid, alg: 'RS256', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: ecKid, alg: 'ES256', use: 'sig' },
    { ...ed.publicKey.export({ format: 'jwk' }), kid: 'ed', alg: 'EdDSA', use: 'sig' },
  ]
  const now = Math.floor(Date.now() / 1000)
  const whole: Claims = { iss: 'glimmr', aud: 'glimmr', iat: now, exp: now + 300, ...claims }
  const rs = (payload: unknown, header: object = {}, key: KeyObject = rsa.privateKey) =>
    signed({ alg: 'RS256', typ: 'JWT', kid: rsaKid, ...header }, payload, content =>
      sign('sha256', content, key),
    )
  const good = (more: Claims = {}) => rs({ ...whole, ...more })
  const hmac = (secret: string | Buffer, header: object, hash = 'sha256') =>
    signed({ kid: rsaKid, ...header }, whole, content => createHmac(hash, secret).update(content).digest())
  const without = (name: string) =>
    rs(Object.fromEntries(Object.entries(whole).filter(([claim]) => claim !== name)))
  const none = (alg: unknown) => `${encoded({ alg, kid: rsaKid })}.${encoded(whole)}.`
  const [head = '', body = '', signature = ''] = good().split('.')
  const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()

  const forged = (): [string, string][] => [
    ...['none', 'None', 'NONE', 'nOnE', '', null, undefined, [], {}].map((alg): [string, string] => [
      `alg ${JSON.stringify(alg)}`,
      none(alg),
    ]),
    [
      'alg none with the signature of another',
      `${encoded({ alg: 'none', kid: rsaKid })}.${body}.${signature}`,
    ],
    ['no signature', `${head}.${body}.`],
    ['no signature, no dot', `${head}.${body}`],
    ['HS256 with the PEM', hmac(spki, { alg: 'HS256' })],
    ['HS256 with the PEM without its last newline', hmac(spki.trimEnd(), { alg: 'HS256' })],
    [
      'HS256 with the PKCS #1 PEM',
      hmac(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), { alg: 'HS256' }),
    ],
    ['HS256 with the DER', hmac(rsa.publicKey.export({ type: 'spki', format: 'der' }), { alg: 'HS256' })],
    ['HS256 with the JWK', hmac(JSON.stringify(published[0]), { alg: 'HS256' })],
    ['HS256 with the modulus', hmac(Buffer.from(String(published[0]?.n), 'base64url'), { alg: 'HS256' })],
    ['HS256 with nothing', hmac('', { alg: 'HS256' })],
    ['HS512 with the PEM', hmac(spki, { alg: 'HS512' }, 'sha512')],
    ['HS256 named RS256', hmac(spki, { alg: 'RS256' })],
    [
      'PS256 with the right key',
      signed({ alg: 'PS256', kid: rsaKid }, whole, content =>
        sign('sha256', content, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }),
      ),
    ],
    [
      'RS512 with the right key',
      signed({ alg: 'RS512', kid: rsaKid }, whole, content => sign('sha512', content, rsa.privateKey)),
    ],
    ['RS256 under the id of the EC key', rs(whole, { kid: ecKid })],
    ['ES256 named RS256', signed({ alg: 'RS256', kid: ecKid }, whole, by(ec.privateKey))],
    ['ES256 under the id of the RSA key', signed({ alg: 'ES256', kid: rsaKid }, whole, by(ec.privateKey))],
    ['ES256 with r = s = 0', signed({ alg: 'ES256', kid: ecKid }, whole, () => Buffer.alloc(64))],
    [
      'ES256 as DER',
      signed({ alg: 'ES256', kid: ecKid }, whole, content => sign('sha256', content, ec.privateKey)),
    ],
    ['EdDSA of zeros', signed({ alg: 'EdDSA', kid: 'ed' }, whole, () => Buffer.alloc(64))],
    ['a foreign key under our id', rs(whole, {}, foreign.privateKey)],
    [
      'a foreign key with its jwk',
      rs(whole, { jwk: foreign.publicKey.export({ format: 'jwk' }) }, foreign.privateKey),
    ],
    ['a foreign key with its jku', rs(whole, { kid: 'x', jku: 'http://127.0.0.1:1/' }, foreign.privateKey)],
    ['a foreign key with its x5u', rs(whole, { kid: 'x', x5u: 'http://127.0.0.1:1/' }, foreign.privateKey)],
    ['a foreign key with its x5c', rs(whole, { kid: 'x', x5c: ['AAAA'] }, foreign.privateKey)],
    ...[
      '',
      '../../../../../../dev/null',
      '/dev/null',
      "rsa' or '1'='1",
      "x'; drop table core.api_keys; --",
      '__proto__',
      'constructor',
      'rsa\0',
      'RSA',
      'http://127.0.0.1:1/',
      '| sleep 9',
      'x'.repeat(4000),
      null,
      0,
      ['rsa'],
      { toString: 'rsa' },
    ].map((kid): [string, string] => [
      `kid ${JSON.stringify(kid).slice(0, 40)}`,
      rs(whole, { kid }, foreign.privateKey),
    ]),
    ['without a kid', rs(whole, { kid: undefined })],
    ['an unknown crit', rs(whole, { crit: ['exp2'], exp2: 1 })],
    ['b64 false', rs(whole, { crit: ['b64'], b64: false })],
    ['expired', rs({ ...whole, exp: now - 1 })],
    ['expired long ago, exp as text', rs({ ...whole, exp: String(now + 300) })],
    ['exp of NaN', rs({ ...whole, exp: null })],
    ['not yet good', rs({ ...whole, nbf: now + 60 })],
    ['nbf as text', rs({ ...whole, nbf: 'now' })],
    ['another issuer', rs({ ...whole, iss: 'glimmr2' })],
    ['two issuers', rs({ ...whole, iss: ['glimmr', 'evil'] })],
    ['another audience', rs({ ...whole, aud: 'other' })],
    ['audiences of others', rs({ ...whole, aud: ['other', 'more'] })],
    ...['iss', 'aud', 'exp', 'sub', 'org', 'roles', 'scopes'].map((claim): [string, string] => [
      `without ${claim}`,
      without(claim),
    ]),
    ['scopes as one text', rs({ ...whole, scopes: 'core:read media:read links:read admin' })],
    ['roles as an object', rs({ ...whole, roles: { admin: true } })],
    ['an organisation that is no text', rs({ ...whole, org: [whole.org] })],
    ['claims that are a list', rs([whole])],
    ['claims that are null', rs(null)],
    ['changed claims', `${head}.${encoded({ ...whole, scopes: ['admin'] })}.${signature}`],
    ['a changed header', `${encoded({ alg: 'RS256', kid: rsaKid, x: 1 })}.${body}.${signature}`],
    ['a cut signature', `${head}.${body}.${signature.slice(0, -4)}`],
    ['a longer signature', `${head}.${body}.${signature}AAAA`],
    ['five parts', `${head}.${body}.${signature}.a.b`],
    ['a longer body', `${head}.${body}AA.${signature}`],
    ['base64 with padding', `${head}==.${body}==.${signature}==`],
    ['not base64', '%%%.%%%.%%%'],
    ['dots', '...'],
    ['an API key', `glm_aaaaaaaa_${'a'.repeat(43)}`],
    ['a huge token that is else good', rs({ ...whole, padding: 'x'.repeat(9000) })],
  ]
  return { jwks: { keys: published }, good, forged }
}

function by(key: KeyObject): (content: Buffer) => Buffer {
  return content => sign('sha256', content, { key, dsaEncoding: 'ieee-p1363' })
}

function signed(header: object, payload: unknown, make: (content: Buffer) => Buffer): string {
  const content = `${encoded(header)}.${encoded(payload)}`
  return `${content}.${make(Buffer.from(content)).toString('base64url')}`
}

function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
