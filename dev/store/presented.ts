import { S3Error } from './errors.ts'
import { framingOf } from './framing.ts'
import { type Query, queryValue } from './uri.ts'

/** A request as it is signed. `header` gives all values of a name joined by commas, undefined when not sent. */
export type SignedRequest = {
  method: string
  path: string
  query: Query
  headerNames: string[]
  header: (name: string) => string | undefined
}

/** `Credential=<key id>/<date>/<region>/<service>/aws4_request` */
export type Credential = {
  accessKeyId: string
  date: string
  region: string
  service: string
  terminator: string
}

/** What a request says about its own signature; nothing of it is verified yet. */
export type Presented = {
  presigned: boolean
  credential: Credential
  signedHeaders: string[]
  signature: string
  /** `YYYYMMDDTHHMMSSZ`, as it goes into the string to sign */
  date: string
  timeMs: number
  /** only in presigned URLs */
  expiresSeconds?: number
  payloadHash: string
}

const maxExpiresSeconds = 7 * 24 * 3600

/** Reads the Authorization header or the X-Amz-… query parameters; throws AccessDenied when there is neither. */
export function presentedIn(request: SignedRequest): Presented {
  const tokens = [request.header('x-amz-security-token'), queryValue(request.query, 'X-Amz-Security-Token')]
  if (tokens.some(token => token !== undefined))
    throw new S3Error('Unauthorized', 'There are no temporary credentials here.')
  const authorization = request.header('authorization')
  const inQuery = request.query.some(([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature')
  if (authorization && inQuery) {
    throw new S3Error(
      'InvalidArgument',
      'Only one way of signing is allowed: a header or query parameters, not both.',
    )
  }
  if (inQuery) return fromQuery(request)
  if (!authorization) throw new S3Error('AccessDenied', 'The request is not signed.')
  return fromHeader(request, authorization)
}

/** A sha256 of the body, or one of the words that say why there is none. */
function payloadHashOf(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text) || text === 'UNSIGNED-PAYLOAD' || framingOf(text)) return text
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… word or a sha256.',
  )
}

function fromHeader(request: SignedRequest, authorization: string): Presented {
  const [algorithm = '', rest = ''] = splitOnce(authorization.trim(), ' ')
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw new S3Error(
      'InvalidRequest',
      'The authorization mechanism is not supported. Please use AWS4-HMAC-SHA256.',
    )
  }
  const fields = new Map(rest.split(',').map(field => splitOnce(field.trim(), '=')))
  const payloadHash = request.header('x-amz-content-sha256')
  if (!payloadHash)
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  const date = request.header('x-amz-date') ?? fromHttpDate(request.header('date'))
  const malformed = (message: string) => new S3Error('AuthorizationHeaderMalformed', message)
  return {
    presigned: false,
    credential: parseCredential(fields.get('Credential'), malformed),
    signedHeaders: parseSignedHeaders(fields.get('SignedHeaders'), malformed),
    signature: fields.get('Signature') ?? '',
    date,
    timeMs: parseDate(
      date,
      () => new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header'),
    ),
    payloadHash: payloadHashOf(payloadHash),
  }
}

function fromQuery(request: SignedRequest): Presented {
  const malformed = (message: string) => new S3Error('AuthorizationQueryParametersError', message)
  const names = request.query.map(([name]) => name).filter(name => /^x-amz-/i.test(name))
  if (new Set(names).size < names.length) throw malformed('A query parameter of the signature occurs twice.')
  const value = (name: string) => queryValue(request.query, name) ?? ''
  if (value('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
    throw malformed('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  const expires = value('X-Amz-Expires')
  const expiresSeconds = Number(expires)
  if (!/^\d{1,7}$/.test(expires) || expiresSeconds < 1 || expiresSeconds > maxExpiresSeconds) {
    throw malformed(`X-Amz-Expires must be a number of seconds from 1 to ${maxExpiresSeconds}`)
  }
  const date = value('X-Amz-Date')
  const signedHeaders = parseSignedHeaders(value('X-Amz-SignedHeaders'), malformed)
  // A header that the signature does not cover says nothing: some clients send it with every request.
  const own = signedHeaders.includes('x-amz-content-sha256') && request.header('x-amz-content-sha256')
  return {
    presigned: true,
    credential: parseCredential(value('X-Amz-Credential'), malformed),
    signedHeaders,
    signature: value('X-Amz-Signature'),
    date,
    timeMs: parseDate(date, () =>
      malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
    ),
    expiresSeconds,
    payloadHash: payloadHashOf(value('X-Amz-Content-Sha256') || own || 'UNSIGNED-PAYLOAD'),
  }
}

function parseCredential(text: string | undefined, malformed: (message: string) => S3Error): Credential {
  // A key id may hold slashes, the four parts behind it cannot.
  const parts = (text ?? '').split('/')
  const [date, region, service, terminator] = parts.slice(-4)
  const accessKeyId = parts.slice(0, -4).join('/')
  if (!accessKeyId || !date || !region || !service || !terminator) {
    throw malformed('The credential must be "<access key id>/YYYYMMDD/<region>/s3/aws4_request".')
  }
  return { accessKeyId, date, region, service, terminator }
}

function parseSignedHeaders(text: string | undefined, malformed: (message: string) => S3Error): string[] {
  const names = (text ?? '').split(';')
  const sorted = names.every(
    (name, at) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && (at === 0 || name > (names[at - 1] ?? '')),
  )
  if (!sorted)
    throw malformed('SignedHeaders must be lower-case header names, sorted, each once, joined by ";".')
  return names
}

function parseDate(date: string, wrong: () => S3Error): number {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date)
  const timeMs = match
    ? Date.parse(`${match.slice(1, 4).join('-')}T${match.slice(4).join(':')}Z`)
    : Number.NaN
  if (Number.isNaN(timeMs)) throw wrong()
  return timeMs
}

function fromHttpDate(date: string | undefined): string {
  const timeMs = Date.parse(date ?? '')
  return Number.isNaN(timeMs) ? '' : new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
