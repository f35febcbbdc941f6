/** The route files of production in the real Traefik, where scripts/build-traefik.sh has built it. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { findTraefik, startTraefik } from './parity/traefik.ts'

type Loaded = { name: string; status: string; error?: string[]; err?: string }

const binary = findTraefik(process.env)

t.test(
  'Traefik enables every router, middleware and service',
  {
    skip: binary ? false : 'no Traefik here: scripts/build-traefik.sh builds it where there is Go',
  },
  async t => {
    const traefik = await startTraefik({
      binary: String(binary),
      folder: fileURLToPath(new URL('../traefik', import.meta.url)),
    })
    t.teardown(() => traefik.close())
    for (const kind of ['routers', 'middlewares', 'services']) {
      const answer = await fetch(`${traefik.apiUrl}/api/http/${kind}?per_page=1000`)
      const loaded = ((await answer.json()) as Loaded[]).filter(({ name }) => name.endsWith('@file'))
      t.ok(loaded.length > 3, kind)
      for (const { name, status, error, err } of loaded)
        t.equal(status, 'enabled', `${kind} ${name} ${error ?? err ?? ''}`)
    }
  },
)
