/** SQL text and its parameters. Identifiers only through `id()`, values only through `parameter()` or `literal()`. */
import type { PgType, Value } from '../plan/plan.ts'

export type Statement = { text: string; values: Value[] }

export function id(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A constant of the metadata or of the schema, never of a request. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

export function typeSql({ name, schema, array }: PgType): string {
  // Unquoted, these two mean a length of one.
  const known = !['char', 'bit'].includes(name) && schema === 'pg_catalog' && /^[a-z][a-z0-9_]*$/.test(name)
  return (known ? name : schema ? `${id(schema)}.${id(name)}` : id(name)) + (array ? '[]' : '')
}

export type Writer = {
  values: Value[]
  /** Their numbers: of a session variable by its name and type, of every other value by itself. */
  known: Map<Value | string, number>
  depth: number
  /** Where the n-th value is read from: `$n` unless said. */
  place?: (number: number) => string
  /** What a subscriber has seen, as SQL of type text. */
  state?: string
}

export function createWriter(rest: Pick<Writer, 'place' | 'state'> = {}): Writer {
  return { values: [], known: new Map(), depth: 0, ...rest }
}

/** The SQL of a value: a parameter, or a quoted constant. */
export function value(writer: Writer, given: Value): string {
  const type = typeSql(given.type)
  switch (given.from) {
    case 'metadata':
      return given.text === null ? `null::${type}` : `(${literal(given.text)})::${type}`
    case 'list':
      return `array[${given.values.map(each => value(writer, each)).join(', ')}]::${type}`
    case 'state':
      return `(${writer.state ?? 'null'})::${type}`
    default: {
      const number = position(writer, given)
      return `(${writer.place?.(number) ?? `$${number}`})::${type}`
    }
  }
}

/** A session variable is one parameter wherever it stands, so that equal expressions are equal text. */
function position(writer: Writer, given: Value): number {
  const key = given.from === 'session' ? `${given.name} ${typeSql(given.type)}` : given
  const known = writer.known.get(key)
  if (known !== undefined) return known
  const number = writer.values.push(given)
  writer.known.set(key, number)
  return number
}

/** The next alias: `_1`, `_2` … */
export function alias(writer: Writer): string {
  writer.depth += 1
  return `"_${writer.depth}"`
}

/** The row of a sub-query called "_e". Its bare name would mean a column that happens to have it. */
export const wholeRow = '"_e".*'

/** Postgres cuts names after this many bytes, and a key of JSON must not be cut. */
const longestName = 63

/** A JSON object of pairs of key and SQL. `row_to_json` over a named row is quicker than `json_build_object`. */
export function jsonObject(pairs: [string, string][]): string {
  if (pairs.length === 0) return `'{}'::json`
  if (pairs.some(([key]) => Buffer.byteLength(key) > longestName))
    return `json_build_object(${pairs.map(([key, sql]) => `${literal(key)}, ${sql}`).join(', ')})`
  const columns = pairs.map(([key, sql]) => `${sql} as ${id(key)}`)
  return `(select row_to_json(${wholeRow}) from (select ${columns.join(', ')}) as "_e")`
}
