/** Sticky sessions: a cookie that names the server by a hash, so that the client comes back to it. */
import { createHash } from 'node:crypto'
import type { StickyCookie } from '../configuration/dynamic.ts'
import type { Exchange } from '../request/exchange.ts'
import { valuesOf } from '../request/headers.ts'

export type Sticky = {
  /** The server that the client's cookie names, if it is one of these. */
  find<Item extends { name: string }>(candidates: readonly Item[], exchange: Exchange): Item | undefined
  /** Tells the client where it has been. */
  remember(exchange: Exchange, name: string): void
}

export function createSticky(cookie: StickyCookie, service: string): Sticky {
  const name =
    cookie.name === '' ? generatedName(service) : cookie.name.replace(/[^!#$%&'*+\-.^`|~a-zA-Z0-9]/g, '_')
  const attributes = [
    cookie.path && `Path=${cookie.path}`,
    cookie.domain && `Domain=${cookie.domain}`,
    cookie.maxAge > 0 ? `Max-Age=${cookie.maxAge}` : cookie.maxAge < 0 && 'Max-Age=0',
    cookie.httpOnly && 'HttpOnly',
    cookie.secure && 'Secure',
    cookie.sameSite && `SameSite=${cookie.sameSite[0]?.toUpperCase()}${cookie.sameSite.slice(1)}`,
  ].filter(Boolean)
  return {
    find(candidates, { headers }) {
      const value = cookieValue(valuesOf(headers, 'cookie'), name)
      return value === undefined
        ? undefined
        : candidates.find(candidate => serverHash(candidate.name) === value)
    },
    remember({ response }, server) {
      response.onHead(head => {
        const before = head.headers['set-cookie']
        const mine = [`${name}=${serverHash(server)}`, ...attributes].join('; ')
        // Said before the server is asked: those that it sets come after.
        head.headers['set-cookie'] = before === undefined ? mine : [mine, ...[before].flat().map(String)]
      }, true)
    },
  }
}

function generatedName(service: string): string {
  return `_${createHash('sha1').update(`_TRAEFIK_BACKEND_${service}`).digest('hex')}`.slice(0, 6)
}

function serverHash(server: string): string {
  return createHash('sha256').update(server).digest('hex').slice(0, 16)
}

function cookieValue(lines: readonly string[], name: string): string | undefined {
  for (const line of lines) {
    for (const part of line.split(';')) {
      const [key, value] = part.trim().split(/=(.*)/)
      if (key === name) return value
    }
  }
  return undefined
}
