/** The `path` argument of JSON columns: `$.a.b[0]`, `a.b`, `["strange key"]` → keys for Postgres' `#>`. */
import { invalid } from '../errors.ts'
import type { Input } from './input.ts'
import type { Value } from './plan.ts'
import type { Planner } from './planner.ts'
import { mismatch, type Place, peel } from './read.ts'

const step =
  /^(?:\.?([A-Za-z_][\w-]*)|\.?\[(\d+)\]|\.(\d+)|\.?\["((?:[^"\\]|\\.)*)"\]|\.?\['((?:[^'\\]|\\.)*)'\])/

export function jsonPath(planner: Planner, input: Input | undefined, place: Place): Value | undefined {
  const value = peel(planner, input, place)
  if (!value) return undefined
  const text = textOf(value)
  if (text === undefined) throw mismatch(place, 'a string', value)
  const keys = readPath(text)
  if (!keys) throw invalid(place.path, `parse json path error: invalid path: ${text}`)
  if (keys.length === 0) return undefined
  return { from: 'document', value: keys, type: { name: 'text', schema: 'pg_catalog', array: true } }
}

function textOf(input: Input): string | undefined {
  if (input.is === 'json') return typeof input.value === 'string' ? input.value : undefined
  return input.node.kind === 'StringValue' ? input.node.value : undefined
}

function readPath(text: string): string[] | undefined {
  let rest = text.startsWith('$') ? text.slice(1) : text
  const keys: string[] = []
  while (rest !== '') {
    const found = step.exec(rest)
    if (!found) return undefined
    const [whole, name, index, dotted, double, single] = found
    const quoted = double ?? single
    keys.push(name ?? index ?? dotted ?? (quoted ?? '').replace(/\\(.)/g, '$1'))
    rest = rest.slice(whole.length)
  }
  return keys
}
