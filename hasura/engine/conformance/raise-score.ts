/** SCORE.json only rises: what a run reached less is left as it was, and falls in `npm run check:conformance`. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Score } from './score.ts'

type Committed = {
  all: Pick<Score, 'total' | 'passed' | 'data' | 'errors'>
  /** The vectors of a list of its own (`--only`); kept as it is. */
  core: Committed['all']
  scope?: Score['scope']
  loose?: Score['loose']
  excluded?: Score['excluded']
  areas: Score['areas']
}

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
  const { total, passed, data, errors, scope, loose, excluded } = score
  // The scope is of all areas: only a whole run can say it.
  if (area === undefined && scope.passed >= (committed.scope?.passed ?? 0))
    Object.assign(committed, { scope, loose, excluded })
  if (area === undefined && passed >= committed.all.passed) committed.all = { total, passed, data, errors }
  else committed.all.passed = Object.values(committed.areas).reduce((sum, { passed }) => sum + passed, 0)
  const areas = Object.fromEntries(Object.entries(committed.areas).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const { all, core, ...rest } = committed
  await writeFile(file, `${JSON.stringify({ all, core, ...rest, areas }, null, 2)}\n`)
}
