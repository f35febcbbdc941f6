/** Issuers whose own description says where their keys are (OpenID Connect Discovery). */
import t, { type Test } from 'tap'
import { ask, bearer, organisation, problemOf, setUp } from '../test-auth.ts'
import { descriptionUrl } from './discovery.ts'
import { parseIssuers } from './issuer.ts'
import { startIssuer } from './test-issuer.ts'

async function withDiscovery(test: Test) {
  const clock = { now: () => Date.now() }
  const issuer = await startIssuer(test, () => clock.now())
  const setup = await setUp(test, {
    issuers: parseIssuers(
      JSON.stringify({
        issuers: [
          {
            name: 'acme',
            issuer: issuer.realm,
            audience: 'glimmr',
            private: true,
            organisation: { value: organisation },
            roles: { value: ['viewer'] },
          },
        ],
      }),
    ),
  })
  clock.now = () => setup.clock.ms
  let made = 0
  const said = async (iss = issuer.realm): Promise<string> => {
    const token = await issuer.token({ iss, jti: String(made++) })
    const verdict = await ask(setup, { headers: bearer(token) })
    return verdict.status === 200 ? 'admitted' : `${verdict.status} ${problemOf(verdict).detail}`
  }
  const metrics = async () => (await setup.auth.inject('/metrics')).payload
  return { issuer, setup, said, metrics }
}

t.test('an issuer is described below its own address, with or without a slash at the end', async t => {
  t.equal(
    descriptionUrl('https://login.acme.example/'),
    'https://login.acme.example/.well-known/openid-configuration',
  )
  t.equal(
    descriptionUrl('https://login.acme.example/realms/a'),
    'https://login.acme.example/realms/a/.well-known/openid-configuration',
  )
})

t.test(
  'tokens of an issuer without jwks_url are verified with the keys that it says are its own',
  async t => {
    const { issuer, setup, said, metrics } = await withDiscovery(t)
    t.match(await metrics(), /^glimmr_auth_issuer_fetches_total\{issuer="acme",outcome="failed",.*\} 0$/m)
    t.equal(await said(), 'admitted')
    t.equal(await said(), 'admitted')
    t.same([issuer.described, issuer.asked], [1, 1], 'asked once each')
    t.match(await said(`${issuer.realm}/`), /^401/, 'a slash more is another issuer')
    setup.clock.ms += 120_000
    t.match(await metrics(), /^glimmr_auth_issuer_keys_age_seconds\{issuer="acme",.*\} 120$/m)
    setup.clock.ms += 181_000
    t.equal(await said(), 'admitted')
    t.same([issuer.described, issuer.asked], [2, 2], 'and again when they are old')
    t.match(await metrics(), /^glimmr_auth_issuer_fetches_total\{issuer="acme",outcome="ok",.*\} 2$/m)
  },
)

t.test(
  'a description that is not to be believed gives no keys, and nothing is fetched from where it points',
  async t => {
    const { issuer, setup, said, metrics } = await withDiscovery(t)
    const origin = new URL(issuer.realm).origin
    const wrong: [string, TestDescription][] = [
      ['another issuer', { issuer: 'https://evil.example' }],
      ['a slash more', { issuer: `${issuer.realm}/` }],
      ['no issuer', { issuer: undefined }],
      ['no keys', { jwks_uri: undefined }],
      ['keys by http from elsewhere', { jwks_uri: 'http://keys.example/' }],
      ['keys in a file', { jwks_uri: 'file:///etc/passwd' }],
      ['keys with a password', { jwks_uri: `http://a:b@${new URL(origin).host}/keys` }],
      ['too large', { more: 'x'.repeat(70_000) }],
      ['a redirect', `${origin}/keys`],
    ]
    for (const [name, description] of wrong) {
      issuer.description = description
      t.match(await said(), /^503 .*keys of acme cannot be had/, name)
      setup.clock.ms += 10_000
    }
    t.equal(issuer.asked, 0)
    t.match(await metrics(), /^glimmr_auth_issuer_fetches_total\{issuer="acme",outcome="failed",.*\} 9$/m)
    issuer.description = {}
    t.equal(await said(), 'admitted')
  },
)

t.test(
  'when keys have moved, the description is asked again; when it is away, those we have serve',
  async t => {
    const { issuer, setup, said } = await withDiscovery(t)
    t.equal(await said(), 'admitted')
    issuer.answer.status = 404
    setup.clock.ms += 301_000
    t.equal(await said(), 'admitted')
    const described = issuer.described
    issuer.answer.status = 200
    issuer.description = { issuer: 'https://evil.example' }
    setup.clock.ms += 10_000
    t.equal(await said(), 'admitted', 'with the keys of before')
    t.equal(issuer.described, described + 1)
    setup.clock.ms += 3_600_000
    t.match(await said(), /^503/, 'for an hour')
  },
)

type TestDescription = Record<string, unknown> | string
