/** What a step takes from an earlier one: `${s2.body.data.user[0].id}`, `${(s2.body.resource_version + 1)}`. */

import { isRawNumber } from '../exact-json.ts'

/** Results of steps by their ids: answers, rows, deliveries. */
export type Results = Map<string, unknown>

/** A value with its expressions replaced. Text that is one expression becomes what the expression is. */
export function resolved(value: unknown, results: Results): unknown {
  if (typeof value === 'string') return resolvedText(value, results)
  if (Array.isArray(value)) return value.map(item => resolved(item, results))
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, results)]))
}

const expression = /\$\{((?:[^{}]|\{[^{}]*\})*)\}/g

function resolvedText(text: string, results: Results): unknown {
  const [whole] = text.match(expression) ?? []
  if (whole === undefined) return text
  if (whole === text) return evaluated(text.slice(2, -1), results)
  return text.replace(expression, (_, inner: string) => String(evaluated(inner, results)))
}

function evaluated(text: string, results: Results): unknown {
  const sum = /^\((.+) ([+-]) (\d+)\)$/.exec(text)
  if (sum) return Number(evaluated(sum[1] ?? '', results)) + Number(`${sum[2]}${sum[3]}`)
  const list = /^\((.+) \+ (\[.*\])\)$/s.exec(text)
  if (list) {
    const first = evaluated(list[1] ?? '', results)
    return [...(Array.isArray(first) ? first : []), ...literal(list[2] ?? '')]
  }
  const [id = '', ...path] = text.match(/[^.[\]]+/g) ?? []
  return path.reduce(below, results.get(id))
}

/** Of Python, as far as the recordings need it. */
function literal(text: string) {
  return JSON.parse(text.replaceAll("'", '"').replaceAll(/\bNone\b/g, 'null'))
}

/**
 * A recorded `set s3.body['roles'] = …`: a result is changed before a later step sends it.
 *
 * @returns false when the text is something else.
 */
export function assign(text: string, results: Results): boolean {
  const [, place, key, value] = /^set ([\w.]+)\['(\w+)'\] = (.+)$/s.exec(text) ?? []
  if (place === undefined || key === undefined || value === undefined) return false
  const target = evaluated(place, results)
  if (typeof target !== 'object' || target === null) return false
  const given = value.startsWith('"') ? resolved(JSON.parse(value), results) : literal(value)
  Object.assign(target, { [key]: given })
  return true
}

/** `s2.body.copy`: the same copy each time it is named. */
const copies = new WeakMap<object, object>()

function copyOf(value: object): object {
  const copy = copies.get(value) ?? structuredClone(value)
  copies.set(value, copy)
  return copy
}

function below(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const found = Object.entries(value).find(([name]) => name === key)
  if (!found && key === 'copy') return copyOf(value)
  // Header names have no case.
  return (found ?? Object.entries(value).find(([name]) => name.toLowerCase() === key.toLowerCase()))?.[1]
}
