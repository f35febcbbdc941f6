/** SCORE.json only rises: what a run reached less is left as it was, and falls in `npm run check:conformance`. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Score } from './score.ts'

type Committed = { all: Omit<Score, 'areas'>; core: Omit<Score, 'areas'>; areas: Score['areas'] }

const file = new URL('../SCORE.json', import.meta.url)

export async function raiseScore(
  score: Score,
  { only, area }: { only?: string | undefined; area?: string | undefined },
): Promise<void> {
  // Part of an area says nothing about the area.
  if (only !== undefined) throw new Error('--write-score needs whole areas')
  const committed: Committed = JSON.parse(await readFile(file, 'utf8'))
  for (const [name, now] of Object.entries(score.areas)) {
    const before = committed.areas[name]?.passed ?? 0
    if (now.passed >= before) committed.areas[name] = now
  }
  const { areas: _, ...whole } = score
  if (area === undefined && whole.passed >= committed.all.passed) committed.all = whole
  else committed.all.passed = Object.values(committed.areas).reduce((sum, { passed }) => sum + passed, 0)
  committed.areas = Object.fromEntries(
    Object.entries(committed.areas).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
  await writeFile(file, `${JSON.stringify(committed, null, 2)}\n`)
}
