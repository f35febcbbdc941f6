/**
 * 10,000 random prices of real files, each proved by the bytes that core gives for it: `npm run check:proof`. The files lie
 * beside the checkout (`../shared/mrf`, or GLIMMR_SHARED) and may be absent. Last line: `N passed, N failed`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { readOptions } from '@glimmr/lib/command'
import { createProver } from './test-proofs.ts'

readOptions(
  {},
  `Random prices of real price files (../shared/mrf beside the checkout, or GLIMMR_SHARED), each proved by its bytes.

  npm run check:proof`,
)

const folder = join(
  resolve(process.env.GLIMMR_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url))),
  'mrf',
)

/** By the number of the file, in which all three layouts occur: how many rows plain, and how many through its gzip. */
const samples: Record<string, [plain: number, gzip: number]> = {
  '01': [50, 0],
  '02': [50, 0],
  '03': [50, 0],
  '13': [10, 0],
  '14': [10, 0],
  '15': [1_600, 0],
  '16': [1_900, 40],
  '17': [700, 20],
  '19': [1_300, 20],
  '25': [2_000, 40],
  '27': [1_650, 20],
  '29': [150, 0],
  '38': [700, 0],
}

const endings: (() => unknown)[] = []
let passed = 0
let failed = 0

async function main(): Promise<void> {
  const { prove } = await createProver({ teardown: handler => endings.push(handler) })
  for (const name of readdirSync(folder).sort()) {
    const [plain, gzip] = samples[name.slice(0, 2)] ?? [0, 0]
    const stored = readFileSync(join(folder, name))
    const source = name.endsWith('.gz') ? gunzipSync(stored) : stored
    for (const [count, bytes] of [
      [plain, source],
      [gzip, stored],
    ] as const) {
      if (count === 0) continue
      const { proved, wrong } = await prove(bytes, source, count)
      passed += proved - wrong.length
      failed += wrong.length
      console.log(
        `${name}${bytes === source ? '' : ' through gzip'}: ${proved} proved, ${wrong.length} wrong`,
      )
      for (const fault of wrong.slice(0, 3)) console.log(`  ${fault}`)
    }
  }
}

if (existsSync(folder)) {
  try {
    await main()
  } finally {
    for (const end of endings.reverse()) await end()
  }
} else console.log(`skipped: there are no price files in ${folder}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
