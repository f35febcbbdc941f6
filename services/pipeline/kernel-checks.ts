/**
 * Compiles the kernel again and compares it with the one that is checked in. Needs the npm registry; where the
 * compiler cannot be had that is said.
 *
 *   npm run check:kernel
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOptions } from '@glimmr/lib/command'

readOptions(
  {},
  `Compiles services/pipeline/kernel again and compares it with the kernel.wasm that is checked in.

  npm run check:kernel`,
)

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'glimmr-kernel-'))
try {
  const compiled = join(folder, 'kernel.wasm')
  const { status, stderr } = spawnSync(path('../../scripts/build-kernel.sh'), [compiled], {
    encoding: 'utf8',
  })
  const unreachable = /E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH)/.test(stderr)
  if (status !== 0) {
    console.log(stderr)
    console.log(
      unreachable ? 'skipped: no registry to take the compiler from' : 'the kernel does not compile',
    )
    console.log(unreachable ? '0 passed, 0 failed' : '0 passed, 1 failed')
    process.exitCode = unreachable ? 0 : 1
  } else {
    const same = readFileSync(compiled).equals(readFileSync(path('kernel/kernel.wasm')))
    console.log(
      same
        ? 'kernel.wasm is what its source compiles to'
        : 'kernel.wasm is not what its source compiles to: npm run kernel',
    )
    console.log(same ? '1 passed, 0 failed' : '0 passed, 1 failed')
    process.exitCode = same ? 0 : 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
