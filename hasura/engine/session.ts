/** Who asks: a role and session variables, their names in lower case (`x-hasura-user-id`). */
export type Session = {
  role: string
  vars: Record<string, string>
  /** When the credentials end, in milliseconds since 1970: connections that live longer are closed then. */
  expiresAt?: number
}

const truths = new Set(['true', 't', 'yes', 'y'])
const falsehoods = new Set(['false', 'f', 'no', 'n'])

/** Whether permissions marked backend_only are in force; undefined when the header is no truth value. */
export function backendPrivilege({ vars }: Session): boolean | undefined {
  const given = vars['x-hasura-use-backend-only-permissions']?.toLowerCase()
  if (given === undefined) return false
  if (truths.has(given)) return true
  return falsehoods.has(given) ? false : undefined
}
