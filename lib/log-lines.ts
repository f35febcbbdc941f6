/** Where log lines go: in batches, since a write for each line costs a request more than its answer does. */
import { openSync, writeSync } from 'node:fs'

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
 * A destination for pino (its second argument); without `dest`, a path, it is standard output. A line waits at most 50 ms.
 * Warnings and what is worse leave at once, with all before them; everything leaves when the process exits, and only a kill loses
 * the last lines.
 */
export function createLogLines({ dest, mode }: { dest?: string; mode?: number } = {}): LogLines {
  const write = textWriter(dest === undefined ? 1 : openSync(dest, 'a', mode))
  let held = ''
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    if (held === '') return
    clearTimeout(timer)
    timer = undefined
    process.off('exit', flush)
    const batch = held
    held = ''
    write(batch)
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

/**
 * Writes all of a text before it returns, by way of one buffer: pino's own destination measures the text three times and
 * copies it twice, a fifth of what the lines of a request cost. A log that cannot be written (nobody reads it any more, the disk
 * is full) stops no service: what it would have taken is lost.
 */
function textWriter(file: number): (text: string) => void {
  const buffer = Buffer.allocUnsafeSlow(4 * batchCharacters)
  return text => {
    // No character of a text takes more than three bytes.
    const fits = text.length * 3 <= buffer.length
    const bytes = fits ? buffer.subarray(0, buffer.write(text)) : Buffer.from(text)
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(file, bytes, at)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
        // A pipe that is full and does not block: its reader is slow.
        Atomics.wait(sleeper, 0, 0, 5)
      }
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))
