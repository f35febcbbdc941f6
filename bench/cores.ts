/**
 * What the machine's cores are worth at this moment (those of a shared machine may be two threads of one, or somebody
 * else's), and who may use them.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

const work = `
  const { parentPort } = require('node:worker_threads')
  parentPort.once('message', () => {
    const table = new Int32Array(1 << 12)
    let hash = 1
    for (let step = 0; step < 150_000_000; step++) {
      hash = Math.imul(hash ^ step, 0x85ebca6b) ^ (hash >>> 13)
      table[hash & 4095] += hash
    }
    parentPort.postMessage(table[0])
  })
  parentPort.postMessage('ready')`

/** How much more two threads do at once than one: 2 on a machine with two cores for itself. The median of `rounds`. */
export async function twoThreads(rounds = 5): Promise<number> {
  const found: number[] = []
  for (let round = 0; round < rounds; round++)
    found.push((2 * (await milliseconds(1))) / (await milliseconds(2)))
  return found.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
}

async function milliseconds(threads: number): Promise<number> {
  const workers = Array.from({ length: threads }, () => new Worker(work, { eval: true }))
  try {
    await Promise.all(workers.map(next))
    const started = performance.now()
    const done = Promise.all(workers.map(next))
    for (const worker of workers) worker.postMessage('begin')
    await done
    return performance.now() - started
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()))
  }
}

function next(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

export const allCores = availableParallelism()

/** Whether processes can be kept on some of them: on Linux, with taskset of util-linux. */
export const canKeep = spawnSync('taskset', ['--version']).status === 0

/** Keeps these processes, with all their threads and the children to come, on the first `cores`. */
export function keepOn(cores: number, pids: readonly number[]): void {
  for (const pid of pids) {
    const { status, stderr } = spawnSync('taskset', ['-acp', `0-${cores - 1}`, `${pid}`], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`taskset: ${stderr}`)
  }
}
