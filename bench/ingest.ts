/**
 * Ingest: object → published rows through the real pipeline, every rule asked, each figure beside its peer of the same run.
 *
 *   npm run bench -- ingest [--json] [--size 200MB] [--runs 3] [--only tall,store,wide,json,two] [--full]
 *
 * `--full` adds one file of 10 GB (`--large`) and a database of 100 million rates (`--rates`): some 40 GB of disk and half an
 * hour. CPU seconds are those of the loading process and of all PostgreSQL processes; they tell what a load costs on a
 * machine that has other work, where MB/s do not.
 */
import { parseArgs } from 'node:util'
import { readSize } from '@glimmr/dev/price-files/generate'
import { canKeep, twoThreads } from './cores.ts'
import { type Figure, printFigures } from './figures.ts'
import { openDatabase } from './ingest-database.ts'
import { openFiles } from './ingest-files.ts'
import { largeFile, manyRates } from './ingest-full.ts'
import { type Load, mbPerCpuSecond, mbPerSecond, median, medianLoad } from './ingest-loads.ts'
import { officialValidator, rawCopy } from './ingest-peers.ts'
import { openStore } from './ingest-store.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: '200MB' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: 'tall,store,wide,json,two' },
    full: { type: 'boolean', default: false },
    large: { type: 'string', default: '10GB' },
    rates: { type: 'string', default: '100000000' },
  },
})
const sizeBytes = readSize(values.size) ?? 200e6
const runs = Math.max(1, Number(values.runs))
const memory = { bound: 256, less: true }

const database = await openDatabase()
const files = await openFiles()
const setting = { database, files }
try {
  const parts = {
    tall,
    store: stored,
    wide: async () => [...(await wide(413)), ...(await wide(140))],
    json,
    two,
    large: () => largeFile(setting, readSize(values.large) ?? 10e9),
    rates: () => manyRates(setting, Number(values.rates)),
  }
  const wanted = values.full ? [...values.only.split(','), 'large', 'rates'] : values.only.split(',')
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(parts))
    if (wanted.includes(name)) figures.push(...(await measure()))
  printFigures(figures, values.json)
} finally {
  await database.close()
  await files.close()
}

async function tall(): Promise<Figure[]> {
  const file = { layout: 'tall', sizeBytes, seed: 1 } as const
  const path = await files.make(file)
  const raw = await files.makeRaw(file)
  const warmUp = await files.warmUp(file)
  // By turns, so that a busy moment of the machine falls on both.
  const loads: Load[] = []
  const copies: number[] = []
  const before = await twoThreads()
  for (let run = 0; run < runs; run++) {
    loads.push(await medianLoad(database, { paths: [path], warmUp, runs: 1 }))
    await database.empty()
    copies.push(await rawCopy(database, raw))
  }
  const after = await twoThreads()
  const loaded = median(loads)
  const copied = copies.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN
  const validated = await officialValidator(path, 'csv', 20e6)
  await files.remove(raw.path)
  const speed = mbPerSecond(loaded)
  return [
    worth('before', before),
    ...figuresOf('tall, 40 payer-plans', loaded, 100),
    worth('after', after),
    times('tall: raw COPY of the same rows', speed / copied, 1.5, { name: 'COPY', value: copied }),
    times('tall: official validator alone', speed / validated, 5, {
      name: 'the validator',
      value: validated,
    }),
  ]
}

function worth(when: string, value: number): Figure {
  return { name: `this machine: two busy threads, ${when}`, value, unit: '× one' }
}

/** What production does: the object comes over HTTP, here from a store on the same cores. */
async function stored(): Promise<Figure[]> {
  const file = { layout: 'tall', sizeBytes, seed: 1 } as const
  const path = await files.make(file)
  const store = await openStore()
  try {
    const addresses = [await store.put(path)]
    const warmUp = await files.warmUp(file)
    const loaded = await medianLoad(database, { paths: [path], addresses, warmUp, runs })
    return figuresOf('tall, from the object store on the same cores', loaded)
  } finally {
    await store.close()
  }
}

async function wide(plans: number): Promise<Figure[]> {
  const file = { layout: 'wide', plans } as const
  const path = await files.make({ ...file, sizeBytes, seed: 2 })
  const loaded = await medianLoad(database, { paths: [path], warmUp: await files.warmUp(file), runs })
  const validated = await officialValidator(path, 'csv', 1e6)
  await files.remove(path)
  const name = plans === 413 ? 'wide, 413 payer-plans' : `wide, ${16 + 9 * plans} columns`
  const [speed, ...others] = figuresOf(name, loaded, 60)
  return speed ? [{ ...speed, peer: { name: 'official validator', value: validated } }, ...others] : others
}

async function json(): Promise<Figure[]> {
  const file = { layout: 'json', plans: 120 } as const
  const path = await files.make({ ...file, sizeBytes, seed: 3 })
  const warmUp = await files.warmUp(file)
  const loaded = await medianLoad(database, { paths: [path], warmUp, runs })
  const validated = await officialValidator(warmUp, 'json')
  await files.remove(path)
  const [speed, ...others] = figuresOf('JSON, 120 payer-plans', loaded, 80)
  return speed ? [{ ...speed, peer: { name: 'official validator', value: validated } }, ...others] : others
}

async function two(): Promise<Figure[]> {
  const paths = [
    await files.make({ layout: 'tall', sizeBytes, seed: 1 }),
    await files.make({ layout: 'tall', sizeBytes, seed: 11 }),
  ]
  const warmUp = await files.warmUp({ layout: 'tall' })
  const first = { paths: paths.slice(0, 1), warmUp, runs }
  const onTwo = canKeep ? { cores: 2 } : {}
  const alone = await medianLoad(database, { ...first, ...onTwo })
  const onOneCore = canKeep ? await medianLoad(database, { ...first, cores: 1 }) : undefined
  const both = await medianLoad(database, { paths, warmUp, runs, ...onTwo })
  const cores = await twoThreads()
  for (const path of paths) await files.remove(path)
  if (!onOneCore)
    console.error('SKIPPED two files on two cores beside one on one: there is no taskset here (util-linux)')
  const beside = (name: string, one: Load) =>
    times(name, mbPerSecond(both) / mbPerSecond(one), 1.6, { name: 'one', value: mbPerSecond(one) })
  return [
    worth('with two files', cores),
    beside('two tall files at once, one has both cores alone', alone),
    ...(onOneCore ? [beside('two tall files on two cores, one on one', onOneCore)] : []),
    { name: 'two tall files at once: memory', value: both.rssMb, unit: 'MB' },
  ]
}

function figuresOf(name: string, loaded: Load, asked?: number): Figure[] {
  const { cpu, rates, rssMb } = loaded
  return [
    {
      name,
      value: mbPerSecond(loaded),
      unit: 'MB/s',
      ...(asked && { target: { bound: asked, less: false } }),
    },
    { name: `${name}: by CPU`, value: mbPerCpuSecond(loaded), unit: 'MB per CPU-s' },
    { name: `${name}: rates`, value: (rates / loaded.ms) * 1000, unit: 'rows/s' },
    {
      name: `${name}: CPU of the pipeline`,
      value: cpu.ours,
      unit: 's',
      peer: { name: 'PostgreSQL', value: cpu.server },
    },
    { name: `${name}: memory of the process`, value: rssMb, unit: 'MB', target: memory },
  ]
}

/** Of a peer in MB/s. */
function times(name: string, value: number, bound: number, peer: { name: string; value: number }): Figure {
  return { name, value, unit: '×', target: { bound, less: false }, peer: { ...peer, unit: 'MB/s' } }
}
