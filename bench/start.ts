/**
 * How long from `npm start` to the first price, on an empty data folder (cold) and on one that has run before (warm),
 * and the memory of every process of the platform once both samples are published.
 *
 * RSS counts PostgreSQL's shared memory once for every process that touched it; PSS counts it once.
 */
import { spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { PlatformFile } from '../platform/data-folder.ts'
import { type Figure, printFigures } from './figures.ts'

const dataDir = join(tmpdir(), `glimmr-bench-start-${process.pid}`)
const start = fileURLToPath(new URL('../start.ts', import.meta.url))
try {
  const cold = await measure()
  const warm = await measure()
  const figures: Figure[] = [
    { name: 'cold: start to first price', value: cold.seconds, unit: 's', target: { bound: 10, less: true } },
    { name: 'warm: start to first price', value: warm.seconds, unit: 's', target: { bound: 4, less: true } },
    {
      name: 'RSS of every process, after the samples',
      value: cold.rssMb,
      unit: 'MB',
      target: { bound: 600, less: true },
    },
    { name: 'PSS of every process, after the samples', value: cold.pssMb, unit: 'MB' },
    { name: 'RSS of the Node process alone', value: cold.nodeMb, unit: 'MB' },
  ]
  printFigures(figures, process.argv.includes('--json'))
} finally {
  await rm(dataDir, { recursive: true, force: true })
}

async function measure() {
  await rm(join(dataDir, 'platform.json'), { force: true })
  const began = performance.now()
  const child = spawn(process.execPath, [start, '--port', '0', '--store-port', '0', '--data', dataDir], {
    stdio: 'ignore',
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  try {
    await firstPrice(began)
    const seconds = (performance.now() - began) / 1000
    return { seconds, ...(await memory(child.pid ?? 0)) }
  } finally {
    child.kill('SIGINT')
    await ended
  }
}

async function firstPrice(began: number): Promise<void> {
  for (; performance.now() - began < 120_000; await wait(10)) {
    const text = await readFile(join(dataDir, 'platform.json'), 'utf8').catch(() => undefined)
    if (!text) continue
    const { gateway_url, keys }: PlatformFile = JSON.parse(text)
    const answer = await fetch(`${gateway_url}/v1/core/prices?code=70551`, {
      headers: { authorization: `Bearer ${keys.partner}` },
    })
    const body = await answer.text()
    if (answer.ok && body.includes('negotiated_dollar')) return
  }
  throw new Error('no price within two minutes')
}

async function memory(pid: number) {
  let rssMb = 0
  let pssMb = 0
  for (const process of await descendants(pid)) {
    const text = await readFile(`/proc/${process}/smaps_rollup`, 'utf8').catch(() => '')
    rssMb += kilobytes(text, 'Rss') / 1024
    pssMb += kilobytes(text, 'Pss') / 1024
  }
  return {
    rssMb,
    pssMb,
    nodeMb: kilobytes(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''), 'Rss') / 1024,
  }
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const found = new Set([root])
  for (let grown = true; grown; ) {
    grown = false
    for (const [pid, parent] of parents) {
      if (found.has(parent) && !found.has(pid)) {
        found.add(pid)
        grown = true
      }
    }
  }
  return [...found]
}
