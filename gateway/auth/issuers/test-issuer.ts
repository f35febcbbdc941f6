/** For tests: an issuer of tokens with keys that it publishes over HTTP. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'

export type TestIssuer = {
  url: string
  /** As an issuer whose description says where its keys are. */
  realm: string
  /** What that description says instead. */
  description: Record<string, unknown> | string
  /** How often it was asked for. */
  described: number
  /** How often its keys were fetched. */
  asked: number
  /** What it answers; keys are those of `keys`. */
  answer: { status: number; cacheControl: string | undefined; body: string | undefined; location?: string }
  keys: Map<string, KeyObject>
  addKey(kid: string, kind?: 'rsa' | 'ec' | 'ed25519'): void
  token(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

export const externalIssuer = 'https://login.acme.example/'

export async function startIssuer(
  t: { teardown(handler: () => unknown): void },
  nowMs: () => number,
): Promise<TestIssuer> {
  const published = () => ({
    keys: [...issuer.keys].map(([kid, key]) => {
      const { kty, crv, n, e, x, y } = key.export({ format: 'jwk' })
      return { kid, use: 'sig', kty, crv, n, e, x, y }
    }),
  })
  const server = createServer((request, response) => {
    if (request.url === '/realms/acme/.well-known/openid-configuration') {
      issuer.described++
      const { description } = issuer
      if (typeof description === 'string') response.writeHead(302, { location: description }).end()
      else response.end(JSON.stringify({ issuer: issuer.realm, jwks_uri: issuer.url, ...description }))
      return
    }
    issuer.asked++
    const { status, cacheControl, body, location } = issuer.answer
    if (cacheControl) response.setHeader('cache-control', cacheControl)
    if (location) response.setHeader('location', location)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body ?? JSON.stringify(published()))
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer: TestIssuer = {
    url: `${origin}/keys`,
    realm: `${origin}/realms/acme`,
    description: {},
    described: 0,
    asked: 0,
    answer: { status: 200, cacheControl: undefined, body: undefined },
    keys: new Map(),
    addKey(kid, kind = 'rsa') {
      const { privateKey } =
        kind === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : kind === 'ec'
            ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
            : generateKeyPairSync('ed25519')
      issuer.keys.set(kid, privateKey)
    },
    token(claims, header = {}) {
      const { kid = 'one', alg = 'RS256', ...more } = header
      const now = Math.floor(nowMs() / 1000)
      const key = issuer.keys.get(String(kid)) ?? issuer.keys.values().next().value
      if (!key) throw new Error('the issuer has no key')
      const given = {
        iss: externalIssuer,
        aud: 'glimmr',
        sub: 'ann',
        iat: now,
        exp: now + 600,
        ...claims,
      }
      return new SignJWT(given as never)
        .setProtectedHeader({ alg: String(alg), kid: String(kid), ...more })
        .sign(key)
    },
  }
  issuer.addKey('one')
  return issuer
}
