/**
 * `npm run test:crash -- [--kills 200] [--minutes 10] [--seed S]`: kills the pipeline, one of the load's server processes,
 * PostgreSQL, or pipeline and PostgreSQL together at random moments of a load, until the load has come through, and then
 * holds everything that is stored against an undisturbed load of the same file. Last line: `N passed, N failed`.
 */

import { join, resolve } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readOptions } from '@glimmr/lib/command'
import { execute, one, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { type Digest, digestOf } from './crash/digest.ts'
import { type CrashFile, crashFiles } from './crash/files.ts'
import { openWorld, patiently, type World } from './crash/world.ts'
import { createRandom, type Random } from './oracle/random.ts'
import { addOrganisation, upload } from './test-store.ts'

const values = readOptions(
  {
    kills: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
  `Kills the pipeline and PostgreSQL at random moments of a load, and compares what is stored with an undisturbed load.

  npm run test:crash -- [--kills 200] [--minutes 10] [--seed S]

The last line is \`N passed, N failed\`.`,
)
const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(resolve(process.env.GLIMMR_SHARED ?? join(root, '../shared')), 'mrf')
const kinds = ['pipeline', 'backend', 'postgres', 'both'] as const
/** graphile-worker gives a job twelve attempts; the last ones are left to the load itself. */
const killsARound = 9

type Reference = { file: CrashFile; digest: Digest; ms: number }
type Run = {
  world: World
  random: Random
  until: number
  killsLeft: number
  done: Record<(typeof kinds)[number], number>
}

let passed = 0
let failed = 0

function check(what: string, found: unknown, wanted: unknown): void {
  const right = JSON.stringify(found) === JSON.stringify(wanted)
  if (right) passed++
  else failed++
  if (!right) console.log(`not ok - ${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
}

async function statusOf({ pool }: World, id: string): Promise<string> {
  const load = await patiently(() =>
    one<{ status: string }>(pool, sql`select status from prices.loads where upload_id = ${id}`),
  )
  return load.status
}

const isOver = (status: string) => !['queued', 'loading'].includes(status)

async function begin(world: World, { body }: CrashFile): Promise<string> {
  // The job of the load before may not have been told that it is done, and would load its file again.
  await patiently(() => execute(world.pool, sql`delete from graphile_worker._private_jobs`))
  await execute(
    world.pool,
    sql`truncate prices.rate_blocks, prices.charges, prices.item_codes, prices.items, prices.modifiers, prices.texts, prices.file_plans,
      prices.findings, prices.finding_counts, prices.rejected_rows, prices.files, prices.loads cascade`,
  )
  const organisation = await addOrganisation(world)
  return upload({ db: world, client: world.client, organisation }, body)
}

async function finished(world: World, id: string, deadline: number): Promise<string> {
  for (;;) {
    const status = await statusOf(world, id)
    if (isOver(status) || Date.now() > deadline) return status
    // The wait between two attempts grows to minutes; what is tested is not the patience.
    await rows(
      world.pool,
      sql`select graphile_worker.reschedule_jobs(array_agg(id), run_at => now()) from graphile_worker.jobs where locked_at is null and run_at > now()`,
    ).catch(() => {})
    await after(100)
  }
}

async function undisturbed(world: World, file: CrashFile): Promise<Reference> {
  const id = await begin(world, file)
  const started = performance.now()
  world.startPipeline()
  const status = await finished(world, id, Date.now() + 120_000)
  const ms = performance.now() - started
  await world.killPipeline()
  if (status !== 'published') throw new Error(`${file.name} ended as ${status} without any kill`)
  const digest = await digestOf(world.pool)
  console.log(`${file.name}: ${Math.round(ms)} ms undisturbed, rates ${digest.rates?.split(' ')[0]}`)
  return { file, digest, ms }
}

async function killSomething({ world, random, done }: Run): Promise<void> {
  const kind = random.pick(kinds)
  done[kind]++
  if (kind === 'backend') await world.killBackend()
  if (kind === 'pipeline' || kind === 'both') await world.killPipeline()
  if (kind === 'postgres' || kind === 'both') await world.killPostgres()
}

/** One load, killed until it comes through. */
async function round(run: Run, { file, digest, ms }: Reference): Promise<void> {
  const { world, random } = run
  const id = await begin(world, file)
  for (let kills = 0; kills < killsARound && run.killsLeft > 0 && Date.now() < run.until; kills++) {
    world.startPipeline()
    await after(random.below(Math.ceil(ms * 1.2)))
    if (isOver(await statusOf(world, id))) break
    await killSomething(run)
    run.killsLeft--
    const seen = await patiently(() =>
      one<{ status: string | null; rates: string }>(
        world.pool,
        sql`select max(f.status) as status, count(r.*) as rates from prices.files f left join prices.rates r
        on r.file_id = f.id and f.status = 'published'`,
      ),
    )
    const all = digest.rates?.split(' ')[0]
    check('all or nothing is visible', seen.rates, seen.status === 'published' ? all : '0')
  }
  world.startPipeline()
  check(`${file.name} is published in the end`, await finished(world, id, Date.now() + 120_000), 'published')
  await world.killPipeline()
  check(`${file.name}: the same rows as without a kill`, await patiently(() => digestOf(world.pool)), digest)
}

const seed = Number(values.seed)
console.log(`seed ${seed}`)
const world = await openWorld()
try {
  const random = createRandom(seed)
  const references: Reference[] = []
  for (const file of crashFiles(folder)) references.push(await undisturbed(world, file))
  const run: Run = {
    world,
    random,
    until: Date.now() + Number(values.minutes) * 60_000 - 30_000,
    killsLeft: Number(values.kills),
    done: { pipeline: 0, backend: 0, postgres: 0, both: 0 },
  }
  let rounds = 0
  for (; run.killsLeft > 0 && Date.now() < run.until; rounds++) await round(run, random.pick(references))
  const kills = Number(values.kills) - run.killsLeft
  console.log(`${kills} kills in ${rounds} loads: ${JSON.stringify(run.done)}`)
  if (run.killsLeft > 0) console.log(`stopped by --minutes with ${run.killsLeft} kills left`)
} finally {
  await world.close()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
