/** Limits by the class of a key, from the route files: in gateway/router, and in the real Traefik where there is one. */
import { fileURLToPath } from 'node:url'
import { limitClasses } from '@glimmr/lib/api-keys'
import t, { type Test } from 'tap'
import { findTraefik, startTraefik } from './parity/traefik.ts'
import { bearer, startGateway } from './test-gateway.ts'

const limits = { standard: 3, partner: 5, bulk: 8 }
const env = {
  ADDRESS_BURST: '1000',
  ...Object.fromEntries(
    ['CORE', 'MEDIA', 'LINKS'].flatMap(service => [
      [`${service}_LIMIT`, String(limits.standard)],
      [`${service}_LIMIT_PARTNER`, String(limits.partner)],
      [`${service}_LIMIT_BULK`, String(limits.bulk)],
    ]),
  ),
}

type Gateway = Awaited<ReturnType<typeof startGateway>>

async function showClasses(t: Test, url: string, { addKey, received }: Gateway) {
  for (const path of ['/v1/core/x', '/v1/media/x', '/v1/links/x'])
    for (const limitClass of limitClasses) {
      const key = await addKey('uploader', limitClass)
      const statuses: number[] = []
      for (let turn = 0; turn < 10; turn++) {
        // A class that the client claims for itself changes nothing.
        const headers = { ...bearer(key), 'x-auth-class': 'bulk' }
        const method = turn % 2 ? 'POST' : 'GET'
        statuses.push((await fetch(url + path, { method, headers })).status)
      }
      const admitted = limits[limitClass]
      t.same(
        statuses,
        Array.from({ length: 10 }, (_, turn) => (turn < admitted ? 200 : 429)),
        `${path} ${limitClass}: ${admitted}, reading and writing together`,
      )
    }
  t.ok(
    received.every(({ headers }) => headers['x-auth-class'] === undefined),
    'services do not see the class',
  )
}

t.test('gateway/router: each class of keys has its own limit', async t => {
  const gateway = await startGateway(t, { env })
  await showClasses(t, gateway.url, gateway)
})

const binary = findTraefik(process.env)

t.test(
  'Traefik: the same file, the same limits',
  { skip: binary ? false : 'no Traefik here: scripts/build-traefik.sh builds it where there is Go' },
  async t => {
    const gateway = await startGateway(t, { env, overHttp: true })
    const traefik = await startTraefik({
      binary: String(binary),
      folder: fileURLToPath(new URL('../traefik', import.meta.url)),
      env: { ...env, ...gateway.urls },
    })
    t.teardown(() => traefik.close())
    await showClasses(t, `http://127.0.0.1:${traefik.ports.web}`, gateway)
  },
)
