/** Progress for people: one line that is rewritten on a terminal, a line now and then anywhere else. */
import type { WriteStream } from 'node:tty'

export type Progress = {
  /** `done` of `total` bytes; `more` is put behind. */
  show: (label: string, amount: { done: number; total: number; more?: string }) => void
  /** A line that stays. */
  say: (line: string) => void
}

const everyMs = { terminal: 100, lines: 5_000 }
const width = 30

export function createProgress(output: Pick<WriteStream, 'write'> & { isTTY?: boolean }): Progress {
  const terminal = output.isTTY === true
  let last = { label: '', atMs: 0, ended: false }

  function show(
    label: string,
    { done, total, more = '' }: { done: number; total: number; more?: string },
  ): void {
    const ended = done >= total
    const now = performance.now()
    const due = now - last.atMs >= (terminal ? everyMs.terminal : everyMs.lines)
    const changed = label !== last.label || (ended && !last.ended)
    if (!due && !changed) return
    last = { label, atMs: now, ended }
    const share = total > 0 ? Math.min(done / total, 1) : 1
    const percent = `${Math.floor(share * 100)}`.padStart(3)
    const text = `${percent} %  ${bytes(done)} of ${bytes(total)}${more && `  ${more}`}`
    if (!terminal) output.write(`${label} ${text.trim()}\n`)
    else output.write(`\r\u001b[K${label.padEnd(10)} ${bar(share)} ${text}`)
  }

  function say(line: string): void {
    output.write(terminal ? `\r\u001b[K${line}\n` : `${line}\n`)
    last = { label: '', atMs: 0, ended: false }
  }

  return { show, say }
}

function bar(share: number): string {
  const full = Math.round(share * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}

/** `12.3 MB`, as disks are sold. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1)
  const value = count / 1000 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`
}

/** `1,234,567` */
export const grouped = (count: number): string => count.toLocaleString('en-US')
