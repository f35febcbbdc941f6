import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './errors.ts'
import { type Credential, type Presented, presentedIn, type SignedRequest } from './presented.ts'
import { canonicalQuery, encodePath } from './uri.ts'

/**
 * AWS Signature Version 4 for S3, the verifying side.
 * Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)": header, query parameters.
 */

/** Who may sign, for which region; `nowMs` is the clock of the store. */
export type Keyring = { accessKeyId: string; secretAccessKey: string; region: string; nowMs: number }

/**
 * A request whose signature holds. `payloadHash` is the hash the body must have, or one of the STREAMING-… and
 * UNSIGNED-… words; the rest seeds the signatures of aws-chunked bodies.
 */
export type Verified = {
  payloadHash: string
  signature: string
  date: string
  scope: string
  signingKey: Buffer
}

const maxSkewMs = 15 * 60_000
const emptyHash = createHash('sha256').digest('hex')

/** Verifies a request or throws the S3Error that says what is wrong with it. Never reads the body. */
export function verifySignature(request: SignedRequest, keyring: Keyring): Verified {
  const presented = presentedIn(request)
  checkCredential(presented, keyring)
  checkTime(presented, keyring.nowMs)
  checkSignedHeaders(request, presented)
  const scope = `${presented.credential.date}/${presented.credential.region}/s3/aws4_request`
  const key = signingKey(keyring.secretAccessKey, presented.credential)
  const canonical = canonicalRequest(request, presented)
  const toSign = `AWS4-HMAC-SHA256\n${presented.date}\n${scope}\n${sha256(canonical)}`
  const expected = hmac(key, toSign)
  if (!timingSafeEqual(expected, hexBytes(presented.signature))) {
    throw new S3Error('SignatureDoesNotMatch', undefined, {
      StringToSign: toSign,
      CanonicalRequest: canonical,
    })
  }
  return {
    payloadHash: presented.payloadHash,
    signature: presented.signature,
    date: presented.date,
    scope,
    signingKey: key,
  }
}

function checkCredential({ credential, presigned }: Presented, keyring: Keyring): void {
  const malformed = presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed'
  if (!sameText(credential.accessKeyId, keyring.accessKeyId)) throw new S3Error('Unauthorized')
  if (credential.service !== 's3' || credential.terminator !== 'aws4_request') {
    throw new S3Error(malformed, 'The credential scope must end in "/s3/aws4_request".')
  }
  // R2 takes us-east-1 for its one region "auto", because many tools cannot send anything else.
  const alias = keyring.region === 'auto' && credential.region === 'us-east-1'
  if (credential.region !== keyring.region && !alias) {
    throw new S3Error(
      malformed,
      `The region '${credential.region}' is wrong; expecting '${keyring.region}'.`,
      {
        Region: keyring.region,
      },
    )
  }
}

function checkTime(presented: Presented, nowMs: number): void {
  const { timeMs, expiresSeconds, credential, date } = presented
  if (credential.date !== date.slice(0, 8)) {
    throw new S3Error('SignatureDoesNotMatch', 'The date of the credential scope is not that of x-amz-date.')
  }
  const serverTime = { ServerTime: new Date(nowMs).toISOString() }
  if (expiresSeconds === undefined) {
    if (Math.abs(nowMs - timeMs) > maxSkewMs) {
      throw new S3Error('RequestTimeTooSkewed', undefined, {
        RequestTime: date,
        ...serverTime,
        MaxAllowedSkewMilliseconds: String(maxSkewMs),
      })
    }
    return
  }
  const expiresMs = timeMs + expiresSeconds * 1000
  if (nowMs >= expiresMs) {
    const fields = {
      'X-Amz-Expires': String(expiresSeconds),
      Expires: new Date(expiresMs).toISOString(),
      ...serverTime,
    }
    throw new S3Error('ExpiredRequest', undefined, fields)
  }
  if (timeMs - nowMs > maxSkewMs) throw new S3Error('AccessDenied', 'Request is not valid yet', serverTime)
}

/**
 * Everything that changes what a request does must be under the signature: `host`, and every x-amz-* header sent.
 * A header that was signed and then left away is named, because that is how a write-once or size-bound URL is bent.
 */
function checkSignedHeaders(request: SignedRequest, { signedHeaders, presigned }: Presented): void {
  const signed = new Set(signedHeaders)
  if (!signed.has('host')) throw new S3Error('AccessDenied', 'The host header must be signed.')
  // A presigned URL names its payload hash itself; the header adds nothing and some clients always send it.
  const unsigned = request.headerNames.filter(
    name => name.startsWith('x-amz-') && !signed.has(name) && !(presigned && name === 'x-amz-content-sha256'),
  )
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    })
  }
  const missing = signedHeaders.filter(name => request.header(name) === undefined)
  if (missing.length > 0) {
    const message = `The request lacks headers that its signature covers: ${missing.join(', ')}. Send them as they were signed.`
    throw new S3Error('SignatureDoesNotMatch', message, { HeadersMissing: missing.join(', ') })
  }
}

/** The canonical request. S3 encodes the path once (other services do it twice) and resolves no dots in it. */
export function canonicalRequest(request: SignedRequest, presented: Presented): string {
  const query = request.query.filter(([name]) => !(presented.presigned && name === 'X-Amz-Signature'))
  const headers = presented.signedHeaders.map(name => {
    return `${name}:${(request.header(name) ?? '').trim().replace(/\s+/g, ' ')}\n`
  })
  return [
    request.method,
    encodePath(request.path),
    canonicalQuery(query),
    headers.join(''),
    presented.signedHeaders.join(';'),
    presented.payloadHash || emptyHash,
  ].join('\n')
}

/** The key of a day, region and service, derived from the secret. */
export function signingKey(
  secret: string,
  { date, region, service }: Pick<Credential, 'date' | 'region' | 'service'>,
) {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request')
}

export const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** 32 bytes from hex, or 32 zero bytes if it is no such thing: the comparison then fails in the same time. */
export function hexBytes(hex: string): Buffer {
  return /^[0-9a-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : Buffer.alloc(32)
}

/** Compares texts of any length in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}
