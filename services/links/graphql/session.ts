/** A verified caller → the engine's session: its role and session variables. */
import { graphqlRoles } from '@glimmr/lib/api-keys'
import type { Identity } from '@glimmr/lib/auth'

/** The role that the caller asks for, if the token has it; the first one without a wish. */
export function chosenRole(wanted: string | undefined, identity: Identity): string | undefined {
  const roles = graphqlRoles(identity.roles)
  return wanted === undefined ? roles[0] : roles.find(role => role === wanted)
}

/** Only what was verified: no x-hasura-* header of the request becomes a session variable. */
export function sessionVariables(
  { subject, organisation, roles }: Identity,
  role: string,
): Record<string, string> {
  return {
    'x-hasura-role': role,
    'x-hasura-user-id': subject,
    'x-hasura-org-id': organisation,
    'x-hasura-allowed-roles': `{${graphqlRoles(roles)
      .map(name => JSON.stringify(name))
      .join(',')}}`,
  }
}
