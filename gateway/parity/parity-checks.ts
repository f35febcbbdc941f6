/**
 * `npm run check:parity`: the parity corpus on several seeds, for CI. Traefik comes from the cache or, where there is Go,
 * from scripts/build-traefik.sh (about four minutes, once); elsewhere this says that it was skipped.
 * The last line is `N passed, N failed`; one for each seed, one for each sequence, one for each attack.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readOptions } from '@glimmr/lib/command'
import { runParity } from './run.ts'
import { findTraefik } from './traefik.ts'

const values = readOptions(
  {
    seeds: { type: 'string', default: '1-3' },
    requests: { type: 'string', default: '2000' },
    'build-minutes': { type: 'string', default: '12' },
  },
  `The same requests to gateway/router and to the real Traefik, on several seeds.

  npm run check:parity -- [--seeds 1-3] [--requests 2000] [--build-minutes 12]

Without a Traefik and without Go to build one it says so and ends with 0.`,
)

let passed = 0
let failed = 0
const count = (name: string, holds: boolean, why = '') => {
  if (holds) passed++
  else failed++
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${name}${holds ? '' : `\n${why}`}`)
}

const binary = findTraefik(process.env) ?? (await buildTraefik(Number(values['build-minutes'])))
if (binary === undefined) {
  console.log('SKIPPED: parity with Traefik. There is neither a cached Traefik nor a Go to build it with,')
  console.log('         or it could not be built in time. See scripts/build-traefik.sh.')
} else {
  for (const seed of seedsOf(values.seeds)) await checkSeed(binary, seed)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function checkSeed(traefik: string, seed: number): Promise<void> {
  const report = await runParity({ binary: traefik, requests: Number(values.requests), seed })
  const { requests, same, unexplained, sequences } = report
  const why = unexplained
    .slice(0, 10)
    .map(
      ({ kind, entryPoint, request, details }) =>
        `${kind} on ${entryPoint}: ${request}\n  ${details.join('\n  ')}`,
    )
  count(
    `seed ${seed}: ${requests} requests, ${same} the same, ${unexplained.length} unexplained`,
    why.length === 0,
    why.join('\n'),
  )
  for (const { name, ours, traefik: theirs } of sequences)
    count(`seed ${seed}: ${name}`, ours === theirs, `  ours    ${ours}\n  Traefik ${theirs}`)
}

/** `1-3` or `7`. */
function seedsOf(text: string): number[] {
  const [first = 1, last = first] = text.split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function buildTraefik(minutes: number): Promise<string | undefined> {
  const script = fileURLToPath(new URL('../../scripts/build-traefik.sh', import.meta.url))
  return new Promise(resolve => {
    const child = spawn('sh', [script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    let path = ''
    child.stdout.on('data', chunk => {
      path += chunk
    })
    // The compiler's own processes as well.
    const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGTERM'), minutes * 60_000)
    child.once('error', () => resolve(undefined))
    child.once('close', code => {
      clearTimeout(timer)
      resolve(code === 0 ? path.trim() : undefined)
    })
  })
}
