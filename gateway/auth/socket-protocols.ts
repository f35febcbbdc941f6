/**
 * A token among the sub-protocols of a WebSocket handshake, since a browser can set no other header there:
 *
 *   new WebSocket(url, ['graphql-transport-ws', `glimmr.bearer.${token}`])
 *   Sec-WebSocket-Protocol: graphql-transport-ws, glimmr.bearer.eyJ…
 *
 * It stands in a header like every other credential: no query that logs keep, no cookie that comes along by itself (so
 * that a foreign page can open nothing in somebody's name), and who asks is known before a connection is opened. It ends
 * here: a service sees the other protocols alone, and never answers with this one. Which organisation it is for, where that
 * has to be said (chosen-organisation.ts), stands beside it: `glimmr.organisation.<id>`.
 */

const bearerPrefix = 'glimmr.bearer.'
const organisationPrefix = 'glimmr.organisation.'

export type SocketProtocols = {
  /** What followed `glimmr.bearer.`, of each. */
  tokens: string[]
  /** What followed `glimmr.organisation.`, of each. */
  organisations: string[]
  /** The protocols to go on with; '' when there are none. */
  others: string
}

/** `header`: Sec-WebSocket-Protocol, which may come several times (RFC 6455, 11.3.4). */
export function readProtocols(header: string | readonly string[]): SocketProtocols {
  const all = [header]
    .flat()
    .flatMap(line => line.split(','))
    .map(name => name.trim())
    .filter(name => name !== '')
  const after = (prefix: string) =>
    all.flatMap(name => (name.toLowerCase().startsWith(prefix) ? [name.slice(prefix.length)] : []))
  const isOurs = (name: string) => /^glimmr\.(?:bearer|organisation)\./i.test(name)
  return {
    tokens: after(bearerPrefix),
    organisations: after(organisationPrefix),
    others: all.filter(name => !isOurs(name)).join(', '),
  }
}
