/** The functions that every template may call. Each takes one value. */
export type SessionFunctions = Record<string, (argument: unknown) => unknown>

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('expected a string')
  return value
}
function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('expected an array')
  return value
}
function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('expected an object')
  return { ...value }
}
function empty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}
function size(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return value === null ? 0 : Object.keys(object(value)).length
}

export const functions: SessionFunctions = {
  not: value => value !== true,
  empty,
  size,
  length: size,
  inverse(value) {
    if (typeof value === 'string') return [...value].reverse().join('')
    if (typeof value === 'number') return 1 / value
    if (typeof value === 'boolean') return !value
    return Array.isArray(value) ? value.toReversed() : value
  },
  head(value) {
    if (typeof value === 'string' && value !== '') return value.charAt(0)
    const [first] = list(value)
    if (first === undefined) throw new Error('Empty array')
    return first
  },
  tail: value => (typeof value === 'string' ? value.slice(1) : list(value).slice(1)),
  toLower: value => text(value).toLowerCase(),
  toUpper: value => text(value).toUpperCase(),
  toCaseFold: value => text(value).toLowerCase(),
  toTitle: value => text(value).replace(/\b\p{L}/gu, letter => letter.toUpperCase()),
  escapeUri: value => encodeURIComponent(text(value)),
  fromObject: value => Object.entries(object(value)),
  toObject: value => Object.fromEntries(list(value) as [string, unknown][]),
  removeNulls: value => list(value).filter(item => item !== null && item !== undefined),
  concat(value) {
    const items = list(value)
    if (items.every(item => typeof item === 'string')) return items.join('')
    if (items.every(item => Array.isArray(item))) return items.flat()
    return Object.assign({}, ...items.map(object))
  },
}
