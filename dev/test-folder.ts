/** Where the data of tests stand. */
import { statfsSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'

const memory = '/dev/shm'
const tmpfs = 0x01021994
const GiB = 1024 ** 3

/**
 * A folder in memory where there is one of 4 GiB on a machine of 8, else the temp folder. A database for a test is a copy of a
 * thousand small files: 30 ms in memory, and on a disk that others use as well half a second, which was most of many tests.
 * By sizes, not by what is free, so that all processes of a run choose the same.
 */
export function testFolder(): string {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  if (Math.min(totalmem(), limit) < 8 * GiB) return tmpdir()
  try {
    const { type, blocks, bsize } = statfsSync(memory)
    return type === tmpfs && blocks * bsize >= 4 * GiB ? memory : tmpdir()
  } catch {
    return tmpdir() // There is none.
  }
}
