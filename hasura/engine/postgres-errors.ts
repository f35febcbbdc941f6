/**
 * What Postgres refused, in Hasura's words.
 *
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import { RequestError } from './errors.ts'

type DatabaseError = {
  code: string
  message: string
  detail?: string
  hint?: string
  constraint?: string
  table?: string
}

/** Undefined when it did not come from the server: a lost connection. */
export function databaseError(cause: unknown, path = '$'): RequestError | undefined {
  if (!isDatabaseError(cause)) return undefined
  const internal = {
    error: {
      exec_status: 'FatalError',
      hint: cause.hint ?? null,
      message: cause.message,
      status_code: cause.code,
      description: cause.detail ?? null,
    },
  }
  const [code, message] = worded(cause)
  return new RequestError(code, path, message, internal, code === 'unexpected' ? 500 : 400)
}

function isDatabaseError(cause: unknown): cause is DatabaseError {
  return (
    cause instanceof Error &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    /^[0-9A-Z]{5}$/.test(cause.code) &&
    'severity' in cause
  )
}

const constraintPrefixes: Record<string, string> = {
  '23001': 'Can not delete or update due to data being referred. ',
  '23502': 'Not-NULL violation. ',
  '23503': 'Foreign key violation. ',
  '23505': 'Uniqueness violation. ',
  '23P01': 'Exclusion violation. ',
}

function worded({ code, message }: DatabaseError): [string, string] {
  if (code === '23514') return ['permission-error', `Check constraint violation. ${message}`]
  if (code === '42P10')
    return ['constraint-error', 'there is no unique or exclusion constraint on target column(s)']
  if (code === '42704') return ['constraint-error', message]
  if (code === '40001') return ['concurrent-update', 'serialization failure due to concurrent update']
  if (code === '22025') return ['bad-request', message]
  if (code.startsWith('23')) return ['constraint-violation', (constraintPrefixes[code] ?? '') + message]
  if (code.startsWith('22')) return ['data-exception', message]
  return ['unexpected', 'database query error']
}
