/**
 * Request headers as the router changes them: lower-case names, a value or a list of values, in the order they came.
 * A list keeps duplicates apart, as Traefik does; node's own map would have joined or dropped them already.
 */

export type RequestHeaders = { [name: string]: string | string[] }

export function emptyHeaders(): RequestHeaders {
  // No prototype: a header may be called __proto__ or constructor.
  return Object.create(null)
}

export type ReadHeaders = {
  headers: RequestHeaders
  /** Whether any name has an underscore, or is one that routers manage: seldom, so nobody needs to look for them. */
  underscored: boolean
  managed: boolean
}

/** node's `rawHeaders` (name, value, name, value) as a map. */
export function readHeaders(raw: readonly string[]): ReadHeaders {
  const read = { headers: emptyHeaders(), underscored: false, managed: false }
  for (let index = 0; index < raw.length; index += 2) {
    const { name, underscored, managed } = nameOf(String(raw[index]))
    if (underscored) read.underscored = true
    if (managed) read.managed = true
    addHeader(read.headers, name, String(raw[index + 1]))
  }
  return read
}

// What Traefik manages; a client cannot have them removed by naming them in Connection either.
const managed = new Set(
  'x-forwarded-proto x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-server x-forwarded-uri x-forwarded-method x-forwarded-prefix x-forwarded-tls-client-cert x-forwarded-tls-client-cert-info x-real-ip'.split(
    ' ',
  ),
)

/** Whether routers say this header and clients may not; underscore twins included. `name` is in lower case. */
export function isManaged(name: string): boolean {
  return name.startsWith('x') && managed.has(name.includes('_') ? name.replaceAll('_', '-') : name)
}

type Name = { name: string; underscored: boolean; managed: boolean }
const names = new Map<string, Name>()

/** Remembered for the first 500 spellings, since clients choose them: a known name is already a key, a new one is made. */
function nameOf(spelling: string): Name {
  const known = names.get(spelling)
  if (known !== undefined) return known
  const name = spelling.toLowerCase()
  const made = { name, underscored: name.includes('_'), managed: isManaged(name) }
  if (names.size < 500) names.set(spelling, made)
  return made
}

export function addHeader(headers: RequestHeaders, name: string, value: string): void {
  const before = headers[name]
  if (before === undefined) headers[name] = value
  else if (typeof before === 'string') headers[name] = [before, value]
  else before.push(value)
}

/** The first value, as Go's Header.Get; '' when there is none. */
export function firstValue(headers: Readonly<RequestHeaders>, name: string): string {
  const value = headers[name]
  return value === undefined ? '' : typeof value === 'string' ? value : (value[0] ?? '')
}

export function valuesOf(headers: RequestHeaders, name: string): readonly string[] {
  const value = headers[name]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

export function copyHeaders(headers: RequestHeaders): RequestHeaders {
  const copy = emptyHeaders()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) copy[name] = typeof value === 'string' ? value : [...value]
  }
  return copy
}

/** Whether a comma-separated header names `token`, as `Connection: keep-alive, Upgrade` names upgrade. */
export function hasToken(headers: RequestHeaders, name: string, token: string): boolean {
  const value = headers[name]
  if (value === undefined) return false
  return (typeof value === 'string' ? value : value.join(','))
    .split(',')
    .some(part => part.trim().toLowerCase() === token)
}

// Of these node keeps the first value when they come twice; the others it joins.
const single = new Set(
  'age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent'.split(
    ' ',
  ),
)

/** Flat list of name, value, …; names as Go writes them (`X-Request-Id`). */
export function rawHeaders(headers: RequestHeaders): string[] {
  const raw: string[] = []
  for (const name in headers) addRaw(raw, name, headers[name])
  return raw
}

export function addRaw(raw: string[], name: string, value: string | readonly string[] | undefined): void {
  if (typeof value === 'string') raw.push(canonicalName(name), value)
  else if (value) for (const one of value) raw.push(canonicalName(name), one)
}

/** What a service in this process sees as `req.headers`, with node's rules for names that come twice. */
export function joinLines(name: string, lines: readonly string[]): string {
  return single.has(name) ? String(lines[0]) : lines.join(name === 'cookie' ? '; ' : ', ')
}

const canonical = new Map<string, string>()

/** Go's textproto.CanonicalMIMEHeaderKey; remembered for the first 500 names, since clients choose them. */
export function canonicalName(name: string): string {
  const known = canonical.get(name)
  if (known) return known
  const made = name
    .toLowerCase()
    .replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
  if (canonical.size < 500) canonical.set(name, made)
  return made
}
