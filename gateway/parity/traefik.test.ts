import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { findTraefik, startTraefik } from './traefik.ts'

const binary = findTraefik(process.env)
const skip = binary ? false : 'SKIPPED: no Traefik here: scripts/build-traefik.sh builds it where there is Go'

t.test('Traefik is started again when one of its ports was taken in between', { skip }, async t => {
  const other = createServer()
  await new Promise<void>(listening => other.listen(0, '127.0.0.1', listening))
  t.teardown(() => other.close())
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-traefik-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  // The first time it finds a port in its file that somebody else has.
  const late = join(folder, 'late-traefik')
  writeFileSync(
    late,
    `#!/bin/sh
if [ ! -e "$FOLDER/tried" ]; then
  touch "$FOLDER/tried"
  sed -i.before "s/127.0.0.1:[0-9]*/127.0.0.1:$TAKEN/" traefik.yml
fi
exec "$TRAEFIK" "$@"
`,
    { mode: 0o700 },
  )
  const traefik = await startTraefik({
    binary: late,
    folder: fileURLToPath(new URL('../../traefik', import.meta.url)),
    env: {
      FOLDER: folder,
      TRAEFIK: String(binary),
      TAKEN: String((other.address() as AddressInfo).port),
      AUTH_URL: 'http://127.0.0.1:9',
      CORE_URL: 'http://127.0.0.1:9',
      MEDIA_URL: 'http://127.0.0.1:9',
      LINKS_URL: 'http://127.0.0.1:9',
    },
  })
  t.teardown(() => traefik.close())
  t.ok((await fetch(`http://127.0.0.1:${traefik.ports.ops}/ping`)).ok)
  t.equal((await fetch(`http://127.0.0.1:${traefik.ports.web}/v1/core/x`)).status, 500, 'auth is not there')
})
