/** One request as bytes. */
import type { Random } from './random.ts'

export type EntryPointName = 'plain' | 'hard' | 'trusting' | 'redirecting' | 'secure'

export type Case = {
  /** What is varied, for the report and for the differences that are on purpose. */
  kind: string
  entryPoint: EntryPointName
  bytes: Buffer
  /** Over TLS, asking for this name; '' names none. */
  serverName?: string
}

export type Generator = (random: Random) => Case

type Parts = {
  method?: string
  target: string
  headers?: string[]
  body?: string
  /** null: no Host header. */
  host?: string | null
  version?: string
  /** The connection stays open for another request. */
  keep?: boolean
}

export function build(kind: string, random: Random, parts: Parts, entryPoint?: EntryPointName): Case {
  return {
    kind,
    entryPoint: entryPoint ?? random.pick(['plain', 'hard', 'trusting'] as const),
    bytes: request(parts),
  }
}

/** Latin-1: a character is a byte. */
export function request({
  method = 'GET',
  target,
  headers = [],
  body = '',
  host = 'api.example',
  version = 'HTTP/1.1',
  keep = false,
}: Parts): Buffer {
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === null ? [] : [`Host: ${host}`]),
    ...headers,
    ...(keep ? [] : ['Connection: close']),
    '',
    '',
  ]
  return Buffer.from(lines.join('\r\n') + body, 'latin1')
}

export const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'PURGE',
]
