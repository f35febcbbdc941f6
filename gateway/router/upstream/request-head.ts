/** The head of a request as it goes over the wire. */
import { UpstreamError } from './upstream-error.ts'

// What would end a line; characters beyond one byte as well, whose lower byte may be any of these on the wire.
const breaking = /[\0\r\n\u0100-\uffff]/
const targetBreaking = /[\0-\x20\x7f\u0100-\uffff]/
const tokens = new Set<string>()

/** `headers`: name, value, …; `framing`: lines of it that are the connection's own. Throws what must not be sent. */
export function requestHead(
  method: string,
  target: string,
  headers: readonly string[],
  framing: string,
): string {
  if (!isToken(method) || target === '' || targetBreaking.test(target)) throw refused('the request line')
  let head = `${method} ${target} HTTP/1.1\r\n`
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    const value = headers[index + 1] as string
    if (!isToken(name) || breaking.test(value)) throw refused('a header')
    head += `${name}: ${value}\r\n`
  }
  return `${head}${framing}\r\n`
}

function refused(what: string): UpstreamError {
  return new UpstreamError('UPSTREAM_REQUEST', `${what} would end early`)
}

/** The first 500 are remembered, since clients choose them. */
function isToken(name: string): boolean {
  if (tokens.has(name)) return true
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return false
  if (tokens.size < 500) tokens.add(name)
  return true
}
