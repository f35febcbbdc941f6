import { element, xmlDocument } from './xml.ts'

/**
 * The errors this store uses: code → [HTTP status, the sentence used when none better is at hand]. Where R2 names one
 * otherwise than S3 it is R2's name: a client that tells errors apart must not learn here what it cannot use there.
 * Sources: Cloudflare R2, "Error codes"; Amazon S3 API Reference, "List of error codes". `InsufficientStorage` is ours:
 * S3 has no word for a full disk, and a 500 or 503 would make every SDK retry into the same full disk.
 */
const meanings = {
  AccessDenied: [403, 'Access Denied'],
  AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid.'],
  AuthorizationQueryParametersError: [400, 'The query-string authentication parameters are not valid.'],
  BadDigest: [400, 'The checksum you specified did not match what was received.'],
  BucketAlreadyOwnedByYou: [409, 'The bucket already exists, and it is yours.'],
  BucketNotEmpty: [409, 'The bucket you tried to delete is not empty.'],
  EntityTooLarge: [400, 'The proposed upload exceeds the maximum allowed size.'],
  EntityTooSmall: [400, 'A part is smaller than the minimum allowed size; only the last one may be.'],
  ExpiredRequest: [400, 'Request has expired'],
  IncompleteBody: [400, 'The body is shorter than its Content-Length, or its chunks end early.'],
  InsufficientStorage: [507, 'The disk of the store is full; nothing was stored.'],
  InternalError: [500, 'The store met an internal error. Please try again.'],
  InvalidArgument: [400, 'Invalid argument'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidChunkSizeError: [403, 'Only the last chunk is allowed to have a size less than 8192 bytes'],
  InvalidDigest: [400, 'The Content-MD5 or checksum value that you specified is not valid.'],
  InvalidObjectName: [400, 'The key is longer than 1,024 bytes.'],
  InvalidPart: [400, 'One or more of the specified parts could not be found or did not match.'],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.'],
  InvalidRange: [416, 'The requested range is not satisfiable.'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  MalformedTrailerError: [400, 'The trailing headers of the body are not what x-amz-trailer announced.'],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not validate against our schema.'],
  MetadataTooLarge: [400, 'The user metadata is larger than 2,048 bytes.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist.'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchUpload: [
    404,
    'The specified multipart upload does not exist; it may have been aborted or completed.',
  ],
  NotImplemented: [501, 'A header or parameter you provided implies functionality that is not implemented.'],
  PreconditionFailed: [412, 'At least one of the preconditions you specified did not hold.'],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the time of the store is too large.',
  ],
  SignatureDoesNotMatch: [
    403,
    'The signature we calculated does not match the one you provided. Check your secret key and signing method.',
  ],
  SlowDown: [503, 'The store is closing or too busy. Please try again.'],
  Unauthorized: [401, 'The access key id you provided does not exist in our records.'],
  XAmzContentSHA256Mismatch: [400, 'The provided x-amz-content-sha256 does not match what was computed.'],
} as const satisfies Record<string, readonly [number, string]>

export type S3Code = keyof typeof meanings

/** What an operation throws to end with an S3 error answer; `fields` become elements of the XML body. */
export class S3Error extends Error {
  readonly code: S3Code
  readonly status: number
  readonly fields: Record<string, string>

  constructor(code: S3Code, message?: string, fields: Record<string, string> = {}, cause?: unknown) {
    super(message ?? meanings[code][1], { cause })
    this.code = code
    this.status = meanings[code][0]
    this.fields = fields
  }
}

// The three ways in which Linux says that no byte more will be taken: full disk, full quota, file size limit.
const fullDisk = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const SQLITE_FULL = 13

/** Any thrown value as an S3Error: ours as it is, a full disk as 507, all else as a 500 that tells nothing. */
export function asS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  const { code, errcode } = (error ?? {}) as { code?: string; errcode?: number }
  if ((code && fullDisk.has(code)) || errcode === SQLITE_FULL) {
    return new S3Error('InsufficientStorage', undefined, {}, error)
  }
  return new S3Error('InternalError', undefined, {}, error)
}

/** The XML body of an error answer. */
export function errorXml(error: S3Error, resource: string, requestId: string): string {
  const fields = Object.entries(error.fields).map(([name, value]) => element(name, value))
  return xmlDocument(
    `<Error>${element('Code', error.code)}${element('Message', error.message)}${fields.join('')}` +
      `${element('Resource', resource)}${element('RequestId', requestId)}</Error>`,
  )
}
