/** The arguments of a command, read with Hasura's words for what is wrong. Paths begin at the arguments: `$.name`. */
import { RequestError } from '../errors.ts'
import type { QualifiedName } from '../metadata-types.ts'
import { qualified } from '../model/building.ts'

export type Args = Readonly<Record<string, unknown>>

export function parseFailed(path: string, message: string): RequestError {
  return new RequestError('parse-failed', path, message)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectArgs(value: unknown): Args {
  if (isObject(value)) return value
  throw parseFailed('$', `parsing Object failed, expected Object, but encountered ${kindOf(value)}`)
}

export function kindOf(value: unknown): string {
  if (value === null) return 'Null'
  if (Array.isArray(value)) return 'Array'
  const kind = typeof value
  return kind === 'undefined' ? 'Null' : kind.charAt(0).toUpperCase() + kind.slice(1)
}

function given(args: Args, key: string, path: string): unknown {
  if (args[key] === undefined) throw parseFailed(path, `key "${key}" not found`)
  return args[key]
}

/** Text that is not empty. */
export function text(args: Args, key: string, path = '$'): string {
  const value = given(args, key, path)
  if (typeof value !== 'string')
    throw parseFailed(
      `${path}.${key}`,
      `parsing Text failed, expected String, but encountered ${kindOf(value)}`,
    )
  if (value === '') throw parseFailed(`${path}.${key}`, 'empty string not allowed')
  return value
}

export function optionalText(args: Args, key: string): string | null {
  const value = args[key]
  return typeof value === 'string' ? value : null
}

export function object(args: Args, key: string, path = '$'): Record<string, unknown> {
  const value = given(args, key, path)
  if (isObject(value)) return value
  throw parseFailed(
    `${path}.${key}`,
    `parsing Object failed, expected Object, but encountered ${kindOf(value)}`,
  )
}

export function list(args: Args, key: string, path = '$'): unknown[] {
  const value = given(args, key, path)
  if (Array.isArray(value)) return value
  throw parseFailed(`${path}.${key}`, `parsing [] failed, expected Array, but encountered ${kindOf(value)}`)
}

export function flag(args: Args, key: string): boolean {
  return args[key] === true
}

/** A whole number from 0 on; `fallback` where none is given. */
export function count(args: Args, key: string, fallback: number): number {
  const value = args[key] ?? fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw parseFailed(
    `$.${key}`,
    `parsing Int failed, expected a number from 0 on, but encountered ${kindOf(value)}`,
  )
}

export type NameOf = { schema: string; name: string }

/** `author`, `{name: author}` and `{schema: public, name: author}` are the same. */
export function tableName(value: unknown, path: string): NameOf {
  const named = (name: unknown): name is string => typeof name === 'string' && name !== ''
  if (named(value)) return { schema: 'public', name: value }
  if (isObject(value) && named(value.name))
    return qualified({ name: value.name, schema: named(value.schema) ? value.schema : 'public' })
  if (value === '' || (isObject(value) && value.name === ''))
    throw parseFailed(path, 'empty string not allowed')
  if (isObject(value)) throw parseFailed(path, 'key "name" not found')
  throw parseFailed(path, `parsing QualifiedObject failed, expected Object, but encountered ${kindOf(value)}`)
}

export function table(args: Args): NameOf {
  return tableName(given(args, 'table', '$'), '$.table')
}

export function sourceName(args: Args): string {
  return args.source === undefined ? 'default' : text(args, 'source')
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the keys that say nothing. */
export function without<T extends object>(value: T, ...keys: string[]): Defined<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([key, item]) => item !== undefined && !keys.includes(key)),
  ) as Defined<T>
}

export function sameName(left: QualifiedName, right: QualifiedName): boolean {
  const [one, other] = [qualified(left), qualified(right)]
  return one.schema === other.schema && one.name === other.name
}
