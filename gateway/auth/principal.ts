/** Who a request is from, as the gateway tells it to services, whatever credential it came with. */

export type Principal = {
  /** `key:<uuid>` of an API key, or `<issuer>:<subject>` of somebody who signed in at an external issuer. */
  subject: string
  organisation: string
  /** The first is the default. */
  roles: readonly string[]
  scopes: readonly string[]
  /** Which limits apply: traefik/dynamic/ has a router for each. */
  limitClass: string
  /** Subject and organisation: somebody may act for several. */
  name: string
  /** Differs when anything above does: the token made for it before is then made anew. */
  version: string
}

export function createPrincipal(given: Omit<Principal, 'name' | 'version'>): Principal {
  const { subject, organisation, roles, scopes } = given
  return {
    ...given,
    name: `${subject} ${organisation}`,
    version: `${organisation} ${roles.join()} ${scopes.join()}`,
  }
}
