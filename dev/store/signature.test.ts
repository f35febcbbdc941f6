import t from 'tap'
import type { SignedRequest } from './presented.ts'
import { type Keyring, verifySignature } from './signature.ts'
import { parseTarget } from './uri.ts'

// The worked examples of the Amazon S3 API Reference ("Signature Calculations for the Authorization Header" and
// "Authenticating Requests: Using Query Parameters"): published inputs with published signatures.
const keyring: Keyring = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  nowMs: Date.parse('2013-05-24T00:00:00Z'),
}
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

function request(method: string, target: string, headers: Record<string, string>): SignedRequest {
  return { method, ...parseTarget(target), headerNames: Object.keys(headers), header: name => headers[name] }
}

const authorization = (signedHeaders: string, signature: string, region = 'us-east-1', day = '20130524') =>
  `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${day}/${region}/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`

const getHeaders = {
  host: 'examplebucket.s3.amazonaws.com',
  range: 'bytes=0-9',
  'x-amz-content-sha256': empty,
  'x-amz-date': '20130524T000000Z',
  authorization: authorization(
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ),
}

t.test('the published examples of header signatures hold', async t => {
  t.ok(verifySignature(request('GET', '/test.txt', getHeaders), keyring))
  const put = {
    date: 'Fri, 24 May 2013 00:00:00 GMT',
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    authorization: authorization(
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ),
  }
  t.ok(verifySignature(request('PUT', '/test%24file.text', put), keyring))
  const list = {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': empty,
    'x-amz-date': '20130524T000000Z',
    authorization: authorization(
      'host;x-amz-content-sha256;x-amz-date',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ),
  }
  t.ok(verifySignature(request('GET', '/?max-keys=2&prefix=J', list), keyring))
})

const presigned =
  '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
  '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
  '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'
const host = { host: 'examplebucket.s3.amazonaws.com' }

t.test('the published example of a presigned URL holds until its second is over', async t => {
  const at = (date: string) => ({ ...keyring, nowMs: Date.parse(date) })
  t.ok(verifySignature(request('GET', presigned, host), keyring))
  t.ok(verifySignature(request('GET', presigned, host), at('2013-05-24T23:59:59.999Z')))
  t.throws(() => verifySignature(request('GET', presigned, host), at('2013-05-25T00:00:00Z')), {
    code: 'ExpiredRequest',
    message: 'Request has expired',
  })
  t.throws(() => verifySignature(request('GET', presigned, host), at('2013-05-23T23:44:59Z')), {
    code: 'AccessDenied',
    message: 'Request is not valid yet',
  })
})

t.test('a clock may be fifteen minutes off and no second more', async t => {
  const at = (date: string) => () =>
    verifySignature(request('GET', '/test.txt', getHeaders), { ...keyring, nowMs: Date.parse(date) })
  t.ok(at('2013-05-24T00:15:00Z')())
  t.ok(at('2013-05-23T23:45:00Z')())
  t.throws(at('2013-05-24T00:15:01Z'), { code: 'RequestTimeTooSkewed', status: 403 })
  t.throws(at('2013-05-23T23:44:59Z'), { code: 'RequestTimeTooSkewed' })
})

t.test('whatever is bent about a presigned URL, it is refused', async t => {
  const refused = (target: string, code: string, method = 'GET', headers: Record<string, string> = host) =>
    t.throws(() => verifySignature(request(method, target, headers), keyring), { code }, target)
  refused(presigned, 'SignatureDoesNotMatch', 'PUT')
  refused(presigned.replace('/test.txt', '/test2.txt'), 'SignatureDoesNotMatch')
  refused(`${presigned}&response-content-type=text/html`, 'SignatureDoesNotMatch')
  refused(presigned.replace('86400', '86401'), 'SignatureDoesNotMatch')
  refused(presigned.replace('d404', 'd405'), 'SignatureDoesNotMatch')
  refused(presigned.replace(/Signature=\w+/, 'Signature='), 'SignatureDoesNotMatch')
  refused(presigned, 'SignatureDoesNotMatch', 'GET', { host: 'other.s3.amazonaws.com' })
  refused(presigned, 'AccessDenied', 'GET', { ...host, 'x-amz-acl': 'public-read' })
  refused(
    presigned.replace('SignedHeaders=host', 'SignedHeaders=host%3Bif-none-match'),
    'SignatureDoesNotMatch',
  )
  refused(presigned.replace('SignedHeaders=host', 'SignedHeaders=range'), 'AccessDenied')
  refused(presigned.replace('AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7OTHER00'), 'Unauthorized')
  refused(presigned.replace('us-east-1', 'eu-west-1'), 'AuthorizationQueryParametersError')
  refused(presigned.replace('%2Fs3%2F', '%2Fec2%2F'), 'AuthorizationQueryParametersError')
  refused(presigned.replace('86400', '604801'), 'AuthorizationQueryParametersError')
  refused(presigned.replace('86400', '0'), 'AuthorizationQueryParametersError')
  refused(presigned.replace('=86400', '=-1'), 'AuthorizationQueryParametersError')
  refused(`${presigned}&X-Amz-Expires=86400`, 'AuthorizationQueryParametersError')
  refused(presigned.replace('20130524T000000Z', '20130523T000000Z'), 'SignatureDoesNotMatch')
  refused(presigned.replace('20130524T000000Z', 'yesterday'), 'AuthorizationQueryParametersError')
  refused(presigned, 'InvalidArgument', 'GET', { ...host, authorization: getHeaders.authorization })
})

t.test('whatever is bent about a signed header request, it is refused', async t => {
  const refused = (change: Record<string, string>, code: string, target = '/test.txt', method = 'GET') => {
    const headers = { ...getHeaders, ...change }
    t.throws(
      () => verifySignature(request(method, target, headers), keyring),
      { code },
      JSON.stringify(change),
    )
  }
  refused({}, 'SignatureDoesNotMatch', '/test.txt?acl')
  refused({}, 'SignatureDoesNotMatch', '/test.txt', 'DELETE')
  refused({ range: 'bytes=0-99' }, 'SignatureDoesNotMatch')
  refused({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, 'SignatureDoesNotMatch')
  refused({ 'x-amz-content-sha256': '' }, 'InvalidRequest')
  refused({ 'x-amz-meta-more': '1' }, 'AccessDenied')
  refused({ authorization: '' }, 'AccessDenied')
  refused({ authorization: 'AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=' }, 'InvalidRequest')
  refused({ authorization: 'AWS4-HMAC-SHA256 nonsense' }, 'AuthorizationHeaderMalformed')
  refused({ authorization: authorization('host;host', '0') }, 'AuthorizationHeaderMalformed')
  refused({ authorization: authorization('range;host', '0') }, 'AuthorizationHeaderMalformed')
  refused(
    { authorization: authorization('host;range;x-amz-content-sha256;x-amz-date', '0', 'eu-west-1') },
    'AuthorizationHeaderMalformed',
  )
  refused(
    { authorization: getHeaders.authorization.replace('Signature', 'signature') },
    'SignatureDoesNotMatch',
  )
  refused({ 'x-amz-date': 'nonsense' }, 'AccessDenied')
})

t.test('a store in the region auto takes us-east-1 too, as R2 does, and no other', async t => {
  const auto = { ...keyring, region: 'auto' }
  t.ok(verifySignature(request('GET', presigned, host), auto))
  t.throws(() => verifySignature(request('GET', presigned.replace('us-east-1', 'eu-west-1'), host), auto), {
    message: /expecting 'auto'/,
  })
})

t.test('runs of blanks in header values count as one, as the examples of AWS do', async t => {
  const headers = { ...getHeaders, range: '  bytes=0-9 ' }
  t.ok(verifySignature(request('GET', '/test.txt', headers), keyring))
})
