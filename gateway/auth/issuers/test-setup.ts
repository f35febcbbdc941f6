/** For tests: auth and an issuer whose tokens it takes. */
import { ask, bearer, organisation, problemOf, type Setup, setUp } from '../test-auth.ts'
import { parseIssuers } from './issuer.ts'
import { externalIssuer, startIssuer } from './test-issuer.ts'

export const mapping = {
  organisation: { claim: 'tenant', map: { acme: organisation } },
  roles: { claim: '/realm/roles', map: { team: 'uploader', staff: 'viewer' } },
}
/** What puts somebody into the organisation, as a viewer. */
export const member = { tenant: 'acme', realm: { roles: ['staff'] } }

/** Auth that takes the tokens of an issuer named acme, configured with `more`. */
export async function withIssuer(test: { teardown(handler: () => unknown): void }, more: object = mapping) {
  // The issuer's clock is the setup's, which is made after it.
  const clock = { now: () => Date.now() }
  const issuer = await startIssuer(test, () => clock.now())
  const issuers = parseIssuers(
    JSON.stringify({
      issuers: [
        {
          name: 'acme',
          issuer: externalIssuer,
          audience: 'glimmr',
          jwks_url: issuer.url,
          algorithms: ['RS256', 'ES256', 'EdDSA'],
          private: true,
          ...more,
        },
      ],
    }),
  )
  const setup = await setUp(test, { issuers })
  clock.now = () => setup.clock.ms
  return { issuer, setup }
}

/** Whether auth lets this token in, or why not. */
export async function said(setup: Setup, token: string, address = '/verify', headers = {}): Promise<string> {
  const verdict = await ask(setup, { headers: { ...bearer(token), ...headers }, address })
  return verdict.status === 200 ? 'admitted' : `${verdict.status} ${problemOf(verdict).detail}`
}
