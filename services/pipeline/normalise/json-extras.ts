/** Members that have no column (the template does not name them, or they cannot be read): kept as the JSON they were. */
import { pointerPart } from '../rules/findings.ts'
import type { JsonRow } from './json-row.ts'

export type JsonExtras = {
  /** Keeps the member whose key is this token, until the object's row is written. */
  keep(key: number): void
  /** The same for a member that the template names and whose value cannot be read; that has been reported. */
  keepUnread(key: number): void
  any(): boolean
  /** Forgets what an element left that was not loaded. */
  clear(): void
  /** All that was kept since the last call, as one JSON object; reported at `pointer`. */
  take(pointer: string): string | undefined
}

export function createJsonExtras(row: JsonRow): JsonExtras {
  const { tape } = row
  let kept: { name: string; value: string; known: boolean }[] = []
  return {
    keep(key) {
      kept.push({ name: tape.text(key), value: tape.json(key + 1), known: false })
    },
    keepUnread(key) {
      kept.push({ name: tape.text(key), value: tape.json(key + 1), known: true })
    },
    any: () => kept.length > 0,
    clear() {
      kept = []
    },
    take(pointer) {
      if (kept.length === 0) return undefined
      const members = kept.map(({ name, value }) => `${JSON.stringify(name)}:${value}`)
      for (const { name, known } of kept)
        if (!known) row.find('keyUnknown', `${pointer}/${pointerPart(name)}`, -1, { name })
      kept = []
      return `{${members.join(',')}}`
    },
  }
}
