/**
 * What Hasura writes about itself, line by line: `{type, detail}` at a level. Time and the level's name are the logger's
 * business; any with a method for each level will do, pino first of all.
 *
 * No line has a secret: of headers there are session variables alone, of metadata commands the type, of addresses
 * neither user nor query.
 *
 * Source: https://hasura.io/docs/2.0/deployment/logging/
 */
export const logTypes = [
  'startup',
  'http-log',
  'query-log',
  'webhook-log',
  'websocket-log',
  'jwk-refresh-log',
] as const
export type LogType = (typeof logTypes)[number]

const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

export type Logger = Record<LogLevel, (line: { type: LogType; detail: unknown }) => void>

export type Log = {
  /** Whether such a line would be written: what is costly to put together need not be. */
  has(type: LogType): boolean
  /** Whether queries that went well are shown as well. */
  verbose: boolean
  write(type: LogType, level: LogLevel, detail: unknown): void
}

/** What Hasura writes unless it is told otherwise; `query-log` has to be asked for. */
const standardTypes: readonly LogType[] = logTypes.filter(type => type !== 'query-log')

export function createLog(
  logger: Logger,
  { types = standardTypes, level: least = 'info' }: { types?: readonly LogType[]; level?: LogLevel } = {},
): Log {
  const enabled = new Set(types)
  const heard = new Set(levels.slice(levels.indexOf(least)))
  return {
    has: type => enabled.has(type),
    verbose: least === 'debug',
    write(type, level, detail) {
      if (enabled.has(type) && heard.has(level)) logger[level]({ type, detail })
    },
  }
}

/** The types in a list such as `startup, http-log`; those that this server has no lines of are passed over. */
export function readLogTypes(list: string): LogType[] {
  const named = new Set(list.split(',').map(name => name.trim()))
  return logTypes.filter(type => named.has(type))
}

export function readLogLevel(text: string): LogLevel {
  return levels.find(level => level === text.trim().toLowerCase()) ?? 'info'
}

/** An address without what may be secret in it: user, password, query. */
export function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return ''
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
