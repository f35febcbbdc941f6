import { S3Error } from './errors.ts'

/**
 * URLs as Signature Version 4 sees them. The store never asks `new URL`, which would resolve `..` and so change
 * which object a signed request names: the path is taken from the wire, decoded once, and that is the key.
 */

/** RFC 3986 percent-encoding as AWS asks for it: all but `A-Z a-z 0-9 - . _ ~`, upper-case hex, space as %20. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The same for a path: slashes stay. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeUri).join('/')
}

/** Decodes percent-encoded UTF-8. Throws InvalidURI for a broken escape or bytes that are not UTF-8. */
export function decodeUri(raw: string): string {
  try {
    return decodeURIComponent(rawUtf8(raw))
  } catch (cause) {
    throw new S3Error('InvalidURI', undefined, {}, cause)
  }
}

/** Node hands over the request line as latin1; clients that send UTF-8 unescaped (curl does) mean UTF-8. */
function rawUtf8(raw: string): string {
  if (/^\p{ASCII}*$/u.test(raw)) return raw
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(raw, 'latin1'))
}

/** Query parameters in the order sent, decoded; `a` and `a=` are both the empty value. */
export type Query = readonly (readonly [name: string, value: string])[]

/** Splits a request target (`/bucket/key?query`) into the decoded path and the decoded query. */
export function parseTarget(target: string): { path: string; query: Query } {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  if (!path.startsWith('/')) throw new S3Error('InvalidURI')
  return { path: decodeUri(path), query: mark < 0 ? [] : parseQuery(target.slice(mark + 1)) }
}

function parseQuery(raw: string): Query {
  const pairs = raw.split('&').filter(pair => pair !== '')
  return pairs.map(pair => {
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    return [decodeUri(name.replaceAll('+', ' ')), decodeUri(value.replaceAll('+', ' '))] as const
  })
}

/** The first value of a parameter, or undefined when it was not sent at all. */
export function queryValue(query: Query, name: string): string | undefined {
  return query.find(([other]) => other === name)?.[1]
}

/** The canonical query of Signature Version 4: encoded, then sorted by name and value, byte by byte. */
export function canonicalQuery(query: Query): string {
  const encoded = query.map(([name, value]) => [encodeUri(name), encodeUri(value)] as const)
  encoded.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

// Both sides are ASCII after encoding, so the order of code units is the order of bytes.
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
