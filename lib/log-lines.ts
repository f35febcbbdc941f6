/** Where log lines go: in batches, since a write for each line costs a request more than its answer does. */
import { pino } from 'pino'

const delayMs = 50
const batchCharacters = 32_768
const warning = 40

export type LogLines = {
  write(line: string): void
  /** Writes what is still held back, and returns when it is written. */
  flush(): void
  /** Set by pino before each line. */
  lastLevel: number
  [key: symbol]: true
}

/**
 * A destination for pino (its second argument); without `file`, standard output. A line waits at most 50 ms. Warnings and what is worse leave at
 * once, with all before them; everything leaves when the process exits, and only a kill loses the last lines.
 */
export function createLogLines(file: { dest?: string; mode?: number } = {}): LogLines {
  const destination = pino.destination({ ...file, sync: true })
  let held = ''
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    if (held === '') return
    clearTimeout(timer)
    timer = undefined
    process.off('exit', flush)
    const batch = held
    held = ''
    destination.write(batch)
  }
  const holdBack = () => {
    timer = setTimeout(flush, delayMs).unref()
    process.on('exit', flush)
  }
  return {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    flush,
    write(line) {
      held += line
      if (this.lastLevel >= warning || held.length >= batchCharacters) flush()
      else if (!timer) holdBack()
    },
  }
}
