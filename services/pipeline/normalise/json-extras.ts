/** Members that the template does not name: kept beside their object, as the JSON they were. */
import type { JsonRow } from './json-row.ts'

export type JsonExtras = {
  /** Keeps the member whose key is this token, until the object's row is written. */
  keep(key: number): void
  any(): boolean
  /** Forgets what an element left that was not loaded. */
  clear(): void
  /** All that was kept since the last call, as one JSON object; reported at `pointer`. */
  take(pointer: string): string | undefined
}

export function createJsonExtras(row: JsonRow): JsonExtras {
  const { tape } = row
  let kept: [string, string][] = []
  return {
    keep(key) {
      kept.push([tape.text(key), tape.json(key + 1)])
    },
    any: () => kept.length > 0,
    clear() {
      kept = []
    },
    take(pointer) {
      if (kept.length === 0) return undefined
      const members = kept.map(([name, value]) => `${JSON.stringify(name)}:${value}`)
      for (const [name] of kept) row.find('keyUnknown', `${pointer}/${name}`, -1, { name })
      kept = []
      return `{${members.join(',')}}`
    },
  }
}
