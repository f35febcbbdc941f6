/**
 * `npm run check:conformance`: the recorded vectors against the committed SCORE.json, which only rises. The vectors live
 * outside the repository (GLIMMR_SHARED, or ../shared beside the checkout). The last line is `N passed, N failed`, in areas.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

type Score = { total: number; passed: number; areas: Record<string, { total: number; passed: number }> }

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const vectors = join(
  process.env.GLIMMR_SHARED ?? resolve(here('../../..'), '../shared'),
  'hasura/vectors.jsonl.gz',
)
let passed = 0
let failed = 0

if (!existsSync(vectors)) console.log(`skipped: there is no ${vectors}`)
else {
  const committed: { areas: Score['areas'] } = JSON.parse(readFileSync(here('../SCORE.json'), 'utf8'))
  const score = await measured()
  for (const [area, before] of Object.entries(committed.areas)) {
    const now = score?.areas[area]?.passed ?? 0
    if (now >= before.passed) passed++
    else {
      failed++
      console.log(`not ok - ${area}: ${now} of ${before.total} vectors, it was ${before.passed}`)
    }
  }
  console.log(`${score?.passed} of ${score?.total} vectors hold`)
  if (!score || Object.keys(committed.areas).length === 0) failed++
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function measured(): Promise<Score | undefined> {
  const child = spawn(process.execPath, [here('main.ts'), '--vectors', vectors, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let last = ''
  for await (const line of createInterface({ input: child.stdout })) last = line
  return last.startsWith('{') ? JSON.parse(last) : undefined
}
