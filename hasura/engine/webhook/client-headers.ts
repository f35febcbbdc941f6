/** Which headers of a client a webhook is shown. */

/** Of the connection between client and server, or about the body that was read from it. */
const ofConnection = [
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** The admin secret under both of its names: whoever has it may do everything. */
const secret = ['x-hasura-admin-secret', 'x-hasura-access-key']

/** What a browser says of itself. Source: `commonClientHeadersIgnored` of Hasura. */
const ofBrowser = [
  'accept',
  'accept-datetime',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-md5',
  'dnt',
  'origin',
  'referer',
  'user-agent',
]

const never = new Set([...ofConnection, ...secret])

/** `ignored` stands for the browser's headers, which are left out otherwise. Names come in lower case. */
export function forwardedHeaders(
  headers: Readonly<Record<string, string>>,
  ignored: readonly string[] = ofBrowser,
): Record<string, string> {
  const left = new Set(ignored.map(name => name.toLowerCase()))
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !never.has(name) && !left.has(name)))
}
