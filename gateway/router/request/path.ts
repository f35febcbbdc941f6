/**
 * The request target, made unambiguous before anything looks at it, in Traefik's order: escape what must be escaped,
 * decode what need not be, then remove `//`, `/./` and `/../`. What a service gets is the path that was routed.
 * https://doc.traefik.io/traefik/security/request-path/
 */

export type Target = {
  /** Escaped path; starts with a slash. */
  path: string
  /** With its question mark; '' when there is none. */
  query: string
  /** The query before semicolons were replaced, for redirects. */
  sentQuery: string
  /** Of an absolute-form target (`GET http://host/path`): it beats the Host header (RFC 9112, 3.2.2). */
  host?: string
}

const plainPath = /^\/[\w~!$&'()*+,;=:@./-]*$/
const invalid = /[^\x21-\x7e]|#/
const badEscape = /%(?![0-9a-fA-F]{2})/

export type TargetOptions = { sanitizePath: boolean; encodeQuerySemicolons: boolean }

/** undefined: the target is refused (400). The options are those of `entryPoints.*.http`. */
export function parseTarget(target: string, options: TargetOptions): Target | undefined {
  // As most are: a path that needs nothing, and no query.
  if (isPlain(target)) return { path: target, query: '', sentQuery: '' }
  // node hands over bytes above 0x7e and, from lenient clients, blanks; a fragment never belongs in a request.
  if (invalid.test(target)) return undefined
  let rest = target
  let host: string | undefined
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target)
    if (!absolute?.[1] || absolute[1].includes('@')) return undefined
    host = absolute[1]
    rest = absolute[2] || '/'
    if (rest.startsWith('?')) rest = `/${rest}`
  }
  const mark = rest.indexOf('?')
  const rawPath = mark === -1 ? rest : rest.slice(0, mark)
  // A semicolon divides parameters for some services and not for others: nobody sees one.
  const asSent = mark === -1 ? '' : rest.slice(mark)
  const query = asSent.replaceAll(';', options.encodeQuerySemicolons ? '%3B' : '&')
  const sentQuery = options.encodeQuerySemicolons ? query : asSent
  if (badEscape.test(rawPath)) return undefined
  const path = isPlain(rawPath) ? rawPath : normalise(escapePath(rawPath), options.sanitizePath)
  return { path, query, sentQuery, ...(host !== undefined && { host }) }
}

function isPlain(path: string): boolean {
  return plainPath.test(path) && !path.includes('//') && !path.includes('/.')
}

function normalise(escaped: string, sanitize: boolean): string {
  const path = escaped.replace(/%[0-9a-fA-F]{2}/g, decodeUnreserved)
  return sanitize ? cleanPath(path) : path
}

function decodeUnreserved(code: string): string {
  const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
  return /[A-Za-z0-9\-._~]/.test(character) ? character : code.toUpperCase()
}

/** Go's URL.EscapedPath: as it came when every character is allowed in a path, else decoded and escaped anew. */
export function escapePath(path: string): string {
  return /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]%/]*$/.test(path) ? path : encodePath(decodePath(path))
}

/** Bytes as characters (latin1): a path need not be UTF-8. */
export function decodePath(path: string): string {
  return path.includes('%')
    ? path.replace(/%[0-9a-fA-F]{2}/g, code => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
    : path
}

/** Go's shouldEscape for paths: only unreserved characters and `$&+,/:;=@` stay. */
export function encodePath(decoded: string): string {
  return decoded.replace(
    /[^A-Za-z0-9\-._~$&+,/:;=@]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** Go's URL.JoinPath: one slash between segments, dots resolved, a last slash kept. */
export function cleanPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const clean = `/${kept.join('/')}`
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean
}

const reserved = new Set(
  '%3A %2F %3F %23 %5B %5D %40 %21 %24 %26 %27 %28 %29 %2A %2B %2C %3B %3D %25'.split(' '),
)

/** What rules compare with: decoded, but for the characters that would change the path's meaning. */
export function routingPath(path: string): string {
  if (!path.includes('%')) return path
  const decoded = path.replace(/%[0-9A-F]{2}/g, code => (reserved.has(code) ? code : decodePath(code)))
  return Buffer.from(decoded, 'latin1').toString('utf8')
}
