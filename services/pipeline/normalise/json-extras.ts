/** What has no column (the template does not name it, or it cannot be read or is of the wrong kind): kept as the JSON it was. */

import { pointerPart } from '../rules/findings.ts'
import { jsonOf } from '../scan/tape-json.ts'
import type { JsonRow } from './json-row.ts'

export type JsonExtras = {
  /** Keeps the member whose key is this token, until the object's row is written. `known`: it has been reported. */
  keep(key: number, known: boolean): void
  /** Keeps a value under a name, such as an element of a list that is none of its kind. `known`: that has been reported. */
  keepValue(name: string, token: number, known: boolean): void
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
    keep(key, known) {
      kept.push({ name: tape.text(key), value: jsonOf(tape, key + 1), known })
    },
    keepValue(name, token, known) {
      kept.push({ name, value: jsonOf(tape, token), known })
    },
    any: () => kept.length > 0,
    clear() {
      kept = []
    },
    take(pointer) {
      if (kept.length === 0) return undefined
      const members = kept.map(({ name, value }) => [name, value] as const)
      for (const { name, known } of kept)
        if (!known) row.find('keyUnknown', `${pointer}/${pointerPart(name)}`, -1, { name })
      kept = []
      return jsonObject(members)
    },
  }
}

/** Members as one JSON object. Of two of the same name jsonb would forget the first: later ones are numbered. */
export function jsonObject(members: readonly (readonly [name: string, value: string])[]): string {
  const used = new Set<string>()
  const written = members.map(([name, value]) => {
    let unused = name
    for (let count = 2; used.has(unused); count++) unused = `${name} (${count})`
    used.add(unused)
    return `${JSON.stringify(unused)}:${value}`
  })
  return `{${written.join(',')}}`
}
