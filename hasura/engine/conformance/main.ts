/** `npm run conformance`: recorded Hasura vectors against the engine. */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startDatabases } from './databases.ts'
import { raiseScore } from './raise-score.ts'
import { type Outcome, runVector } from './run-vector.ts'
import { scoreOf } from './score.ts'
import { readVectors, type Vector } from './vectors.ts'

const help = `Runs recorded Hasura vectors against the engine. The last line is the score as JSON.

  npm run conformance -- --vectors FILE [options]

  --vectors FILE   .jsonl or .jsonl.gz
  --only IDS       a file of ids, or ids with commas between them
  --area NAME      areas that begin so: mutation/
  --jobs N         at a time; as many as there are processors unless said otherwise
  --failures       each vector that does not hold, and why
  --json           the score alone
  --write-score    raises SCORE.json where the areas that ran have risen
  --help           this text`

const values = given()
if (values.help) {
  console.log(help)
  process.exit(0)
}
if (!values.vectors) misused('--vectors is missing')
const only = values.only === undefined ? undefined : await idsOf(values.only)
const vectors = (await readVectors(values.vectors)).filter(
  ({ id, area }) => (!only || only.has(id)) && (!values.area || area.startsWith(values.area)),
)
const outcomes = await runAll(vectors, Number(values.jobs ?? availableParallelism()))
if (values.failures)
  for (const { id, verdict, reason } of outcomes)
    if (verdict !== 'passed') console.log(`${verdict} ${id}\n  ${reason}`)
if (!values.json) showAreas(outcomes)
if (values['write-score']) await raiseScore(scoreOf(outcomes), values)
console.log(JSON.stringify(scoreOf(outcomes)))

function given() {
  try {
    return parseArgs({
      options: {
        vectors: { type: 'string' },
        only: { type: 'string' },
        area: { type: 'string' },
        jobs: { type: 'string' },
        json: { type: 'boolean', default: false },
        failures: { type: 'boolean', default: false },
        'write-score': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error))
  }
}

function misused(why: string): never {
  console.error(`${why}\n\n${help}`)
  process.exit(2)
}

/** A file of ids, or ids with commas between them. */
async function idsOf(given: string): Promise<Set<string>> {
  const text = await readFile(given, 'utf8').catch(() => given)
  return new Set(text.split(/[\s,]+/).filter(Boolean))
}

async function runAll(vectors: Vector[], jobs: number): Promise<Outcome[]> {
  const databases = await startDatabases()
  const outcomes: Outcome[] = []
  const queue = vectors.values()
  const work = async () => {
    for (const vector of queue) outcomes.push(await runVector(databases, vector))
  }
  try {
    await Promise.all(Array.from({ length: Math.max(1, jobs) }, work))
  } finally {
    await databases.stop()
  }
  return outcomes.toSorted((left, right) => left.id.localeCompare(right.id))
}

function showAreas(outcomes: Outcome[]): void {
  for (const [area, group] of Object.entries(Object.groupBy(outcomes, outcome => outcome.area)).toSorted()) {
    const passed = group?.filter(({ verdict }) => verdict === 'passed').length ?? 0
    console.log(`${String(passed).padStart(4)} / ${String(group?.length ?? 0).padEnd(4)} ${area}`)
  }
}
