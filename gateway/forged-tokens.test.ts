/** Forged tokens and forged identities through the route files: in gateway/router, and in the real Traefik where there is one. */
import { fileURLToPath } from 'node:url'
import { createForger } from '@glimmr/dev/forged-tokens'
import t, { type Test } from 'tap'
import { loadSigningKeys, rotateSigningKeys } from './auth/signing-keys.ts'
import { findTraefik, startTraefik } from './parity/traefik.ts'
import { rawRequest, sendRaw, statusOf } from './router/test-router.ts'
import { bearer, organisation, startGateway } from './test-gateway.ts'

type Gateway = Awaited<ReturnType<typeof startGateway>>

async function attack(t: Test, port: number, { url, keys, auth, keysDir, received }: Gateway) {
  await rotateSigningKeys(keysDir, { algorithm: 'ES256' })
  await auth.reloadKeys()
  const { current, next } = await loadSigningKeys(keysDir)
  t.same([current.algorithm, next.algorithm], ['RS256', 'ES256'])
  const { subject, ...claims } = (await me(url, keys.admin)) as { subject: string }
  const forger = createForger({ claims: { sub: subject, ...claims }, keys: { rsa: current, ec: next } })
  const path = '/v1/core/x'
  const before = received.length
  const passed: string[] = []
  for (const [name, token] of forger.forged()) {
    const answer = await sendRaw(port, rawRequest(path, [`Authorization: Bearer ${token}`, ...identity]))
    if (statusOf(answer) !== 401) passed.push(`${name}: ${statusOf(answer)}`)
  }
  t.same(passed, [], `${forger.forged().length} tokens`)
  t.equal(received.length, before, 'no service was asked')
  const good = await sendRaw(port, rawRequest(path, [`Authorization: Bearer ${forger.good()}`, ...identity]))
  t.equal(statusOf(good), 200, 'and the good one is taken')
  t.notMatch(JSON.stringify(received.at(-1)), /forged/, 'without what came beside it')
}

/** Claims of a good token of this key, from the token that it buys. */
async function me(url: string, key: string | undefined): Promise<unknown> {
  const bought = await fetch(`${url}/v1/core/tokens`, { method: 'POST', headers: bearer(key) })
  const { access_token: token } = (await bought.json()) as { access_token: string }
  const { sub, roles, scopes } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return { subject: sub, org: organisation, roles, scopes }
}

const identity = [
  'X-Auth-Subject',
  'X-Auth-Org',
  'X-Auth-Roles',
  'X-Auth-Scopes',
  'X-Auth-Class',
  'X-Hasura-Org-Id',
]
  .flatMap(name => [name, name.toLowerCase(), name.replaceAll('-', '_')])
  .map(name => `${name}: forged`)

t.test('gateway/router: no forged token reaches a service', async t => {
  const gateway = await startGateway(t, { env: { ADDRESS_BURST: '1000', CORE_LIMIT: '1000' } })
  await attack(t, gateway.port, gateway)
})

const binary = findTraefik(process.env)

t.test(
  'Traefik: the same',
  { skip: binary ? false : 'no Traefik here: scripts/build-traefik.sh builds it where there is Go' },
  async t => {
    const env = { ADDRESS_BURST: '1000', CORE_LIMIT: '1000' }
    const gateway = await startGateway(t, { env, overHttp: true })
    const traefik = await startTraefik({
      binary: String(binary),
      folder: fileURLToPath(new URL('../traefik', import.meta.url)),
      env: { ...env, ...gateway.urls },
    })
    t.teardown(() => traefik.close())
    await attack(t, Number(traefik.ports.web), gateway)
  },
)
