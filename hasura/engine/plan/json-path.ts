/** The `path` argument of JSON columns: `$.a.b[0]`, `a.b`, `["strange key"]` → keys for Postgres' `#>`. */
import { invalid } from '../errors.ts'
import type { Input } from './input.ts'
import type { Value } from './plan.ts'
import type { Planner } from './planner.ts'
import { mismatch, type Place, peel } from './read.ts'

const step =
  /^(?:\.?([\p{L}_][\p{L}\d_-]*)|\.?\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\]|\.?\['((?:[^'\\]|\\.)*)'\])/su

export function jsonPath(planner: Planner, input: Input | undefined, place: Place): Value | undefined {
  const value = peel(planner, input, place)
  if (!value) return undefined
  const text = textOf(value)
  if (text === undefined) throw mismatch(place, 'a string', value)
  const keys = readPath(text)
  if (!keys)
    throw invalid(
      place.path,
      `parse json path error: ${text}. Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes enclosed in bracket (["..."]) if there is any special character`,
    )
  if (keys.length === 0) return undefined
  return { from: 'document', value: keys, type: { name: 'text', schema: 'pg_catalog', array: true } }
}

function textOf(input: Input): string | undefined {
  if (input.is === 'json') return typeof input.value === 'string' ? input.value : undefined
  return input.node.kind === 'StringValue' ? input.node.value : undefined
}

/** Undefined when it is none. */
export function readPath(text: string): string[] | undefined {
  if (text === '$') return []
  let rest = text.startsWith('$') ? text.slice(1) : text
  const keys: string[] = []
  do {
    const [whole, name, index, double, single] = step.exec(rest) ?? []
    const key = name ?? (index === undefined ? unquoted(double, single) : String(BigInt(index)))
    if (!whole || key === undefined) return undefined
    keys.push(key)
    rest = rest.slice(whole.length)
  } while (rest !== '')
  return keys
}

/** What stands in quotes has the escapes of JSON, and `\'` in single ones. */
function unquoted(double: string | undefined, single: string | undefined): string | undefined {
  const inside =
    double ?? single?.replace(/\\.|"/gs, found => (found === '"' ? '\\"' : found === "\\'" ? "'" : found))
  if (inside === undefined) return undefined
  try {
    const key: unknown = JSON.parse(`"${inside}"`)
    return typeof key === 'string' ? key : undefined
  } catch {
    return undefined
  }
}
