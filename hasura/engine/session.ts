/** Who asks: a role and session variables, their names in lower case (`x-hasura-user-id`). */
export type Session = {
  role: string
  vars: Record<string, string>
  /** When the credentials end, in milliseconds since 1970: connections that live longer are closed then. */
  expiresAt?: number
}

/**
 * Asks for the permissions marked backend_only. Whoever shows the admin secret may; a token or a hook that says so would
 * give it to its bearer, and neither does with Hasura.
 */
export const backendOnly = 'x-hasura-use-backend-only-permissions'

const truths = new Set(['true', 't', 'yes', 'y'])
const falsehoods = new Set(['false', 'f', 'no', 'n'])

/** Whether permissions marked backend_only are in force; undefined when the header is no truth value. */
export function backendPrivilege({ vars }: Session): boolean | undefined {
  const given = vars[backendOnly]?.toLowerCase()
  if (given === undefined) return false
  if (truths.has(given)) return true
  return falsehoods.has(given) ? false : undefined
}
