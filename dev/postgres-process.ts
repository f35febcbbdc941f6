/** The postmaster of a data folder: which process it is, and how to end it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** The pid of the postmaster that runs on this folder, if one does. A stale postmaster.pid gives undefined. */
export function runningPostmaster(dataDir: string): number | undefined {
  let text: string
  try {
    text = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8')
  } catch {
    return undefined
  }
  const pid = Number(text.split('\n')[0])
  // The number may have gone to another program since.
  return Number.isInteger(pid) && pid > 1 && alive(pid) && commandOf(pid).includes('postgres')
    ? pid
    : undefined
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    // No /proc on macOS and the BSDs.
  }
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

/** Fast shutdown (open transactions roll back), then an immediate one: a crash recovery is better than a hang. */
export async function stopPostmaster(pid: number, patienceMs = 10_000): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!alive(pid)) return
    process.kill(pid, signal)
    for (const end = Date.now() + patienceMs; Date.now() < end; await wait(10)) {
      if (!alive(pid)) return
    }
  }
}
