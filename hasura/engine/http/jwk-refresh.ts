/**
 * Tokens checked with the keys of a JWKS address, fetched again when its answer says that it is no longer fresh.
 *
 * Source: https://hasura.io/docs/2.0/auth/authentication/jwt/#jwt-config-jwk-url, RFC 7517
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import { anyOf, createJwtCheck, type Headers, type JwtCheck, type JwtConfig } from './jwt.ts'
import { type Log, withoutSecrets } from './log.ts'
import { maxAgeOf } from './webhook-auth.ts'

export type JwkConfig = Omit<JwtConfig, 'type' | 'key'> & { jwk_url: string }
export type JwkCheck = {
  check: JwtCheck
  close(): void
}

const timeoutMs = 10_000
/** Also when the answer wants less, or could not be read. */
const leastSeconds = 1
const afterFailureSeconds = 10
const mostSeconds = 86_400
/** A token that names no key is tried with each. */
const mostKeys = 50

/** Fetches once before it returns; throws when that gives no key. Without Cache-Control or Expires it stays at that. */
export async function createJwkCheck(
  client: WebhookClient,
  { jwk_url: url, ...config }: JwkConfig,
  log?: Log,
): Promise<JwkCheck> {
  let checks = new Map<string, JwtCheck>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const note = (level: 'info' | 'error', message: string, error: string | null) =>
    log?.write('jwk-refresh-log', level, { url: withoutSecrets(url), message, http_error: error })
  const refresh = async (): Promise<number | undefined> => {
    const { status, body, headers } = await client({ url, method: 'GET', headers: {}, timeoutMs })
    if (status !== 200) throw new Error(`the JWKS answered ${status}`)
    const found = checksOf(config, body)
    if (found.size === 0) throw new Error('the JWKS has no key that can be used')
    checks = found
    return freshSeconds(headers)
  }
  const later = (seconds: number | undefined) => {
    if (seconds === undefined || closed) return
    timer = setTimeout(turn, Math.min(Math.max(seconds, leastSeconds), mostSeconds) * 1000)
    timer.unref()
  }
  const turn = async () => {
    try {
      later(await refresh())
      note('info', 'the keys were fetched again', null)
    } catch (cause) {
      // The keys of before stay: a JWKS that is away must not lock everybody out.
      note('error', 'the keys could not be fetched', cause instanceof Error ? cause.message : String(cause))
      later(afterFailureSeconds)
    }
  }
  later(await refresh())
  return {
    check: headers => checkWith(checks, headers),
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** The key that the token names; one that names none, or one that is not known, is tried with each. */
function checkWith(checks: ReadonlyMap<string, JwtCheck>, headers: Headers): ReturnType<JwtCheck> {
  const named = checks.get(kidOf(headers.authorization ?? '') ?? '')
  return named ? named(headers) : anyOf([...checks.values()])(headers)
}

function kidOf(authorization: string): string | undefined {
  try {
    const [head = ''] = authorization.replace(/^Bearer /i, '').split('.')
    const header: { kid?: unknown } = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'))
    return typeof header.kid === 'string' ? header.kid : undefined
  } catch {
    return undefined
  }
}

function checksOf(config: Omit<JwkConfig, 'jwk_url'>, body: string): Map<string, JwtCheck> {
  const checks = new Map<string, JwtCheck>()
  const { keys }: { keys?: unknown } = JSON.parse(body)
  for (const [position, jwk] of (Array.isArray(keys) ? keys.slice(0, mostKeys) : []).entries()) {
    const check = isObject(jwk) ? checkOf(config, jwk) : undefined
    if (check) checks.set(typeof jwk.kid === 'string' ? jwk.kid : String(position), check)
  }
  return checks
}

/** A key whose kind is unknown, or that is not for signatures, is passed over. Secrets do not stand in a JWKS. */
function checkOf(
  config: Omit<JwkConfig, 'jwk_url'>,
  jwk: JsonWebKey & { use?: string },
): JwtCheck | undefined {
  const type = algorithmOf(jwk)
  if (type === undefined || jwk.kty === 'oct' || (jwk.use ?? 'sig') !== 'sig') return undefined
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    return createJwtCheck({ ...config, type, key: String(key) })
  } catch {
    return undefined
  }
}

const ofCurve: Record<string, string> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
}

/** A key need not say what it is for (RFC 7517, 4.4); a curve has one algorithm. */
function algorithmOf({ alg, kty, crv }: JsonWebKey): string | undefined {
  if (typeof alg === 'string' && alg !== 'EdDSA') return alg
  if (kty === 'RSA') return 'RS256'
  return typeof crv === 'string' && Object.hasOwn(ofCurve, crv) ? ofCurve[crv] : undefined
}

function isObject(value: unknown): value is JsonWebKey & { use?: string } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined: nothing was said, so the keys are not asked for again. */
function freshSeconds(headers: Record<string, string | string[] | undefined>): number | undefined {
  const cacheControl = [headers['cache-control'] ?? []].flat().join(', ')
  const maxAge = maxAgeOf(cacheControl)
  if (/no-cache|no-store|must-revalidate/i.test(cacheControl) && maxAge === undefined) return leastSeconds
  if (maxAge !== undefined) return maxAge
  const expires = Date.parse(String(headers.expires ?? ''))
  return Number.isNaN(expires) ? undefined : (expires - Date.now()) / 1000
}
