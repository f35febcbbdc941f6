/**
 * A value of a request → the text of one value of a Postgres type. A string is left to Postgres, whatever the type; anything else
 * has to be of the type's own kind, and is refused in the words of Hasura's JSON parser.
 */
import { RequestError } from '../errors.ts'
import { numberText } from '../exact-json.ts'
import { type Input, isNull, items, toJson } from './input.ts'
import { integerWithin, outside, plainNumber } from './numbers.ts'
import type { PgType } from './plan.ts'

/** `variable`: what a variable inside of the value holds. */
type To = { type: PgType; path: string; variable(name: string): Input }

type Found =
  | { is: 'String' | 'Number' | 'Boolean'; text: string }
  | { is: 'Array' | 'Object' | 'Null'; text?: undefined }

export function scalarText(input: Input, to: To): string {
  const { name } = to.type
  if (name === 'json' || name === 'jsonb') return JSON.stringify(jsonOf(input, to))
  const found = kindOf(input)
  if (name === 'ltree') return labelPath(found.is === 'String' ? found.text : '', to.path)
  if (found.is === 'String') return found.text
  const kind = kinds[name]
  if (!kind) throw refused(to, `A string is expected for type: ${name}`)
  if (found.is !== kind.takes)
    throw refused(
      to,
      kind.parsing ? `parsing ${kind.parsing} failed, ${kind.refusal(found.is)}` : kind.refusal(found.is),
    )
  return kind.read?.(found.text ?? '', to.path) ?? found.text ?? ''
}

/** The elements of an array, of which some may be null; or a text that Postgres reads as one, `{1,2}`. */
export function arrayText(input: Input, to: To): string | (string | null)[] {
  const list = items(input)
  if (!list) {
    const found = kindOf(input)
    if (found.is === 'String') return found.text
    throw refused(to, `parsing [] failed, expected Array, but encountered ${found.is}`)
  }
  return list.map(item => {
    const element = opened(item, to)
    return isNull(element) ? null : elementText(element, { ...to, type: { ...to.type, array: false } })
  })
}

/** JSON inside of an array may come as text, which is how it has to be written in a document. */
function elementText(input: Input, to: To): string {
  const found = kindOf(input)
  if (!['json', 'jsonb'].includes(to.type.name) || found.is !== 'String') return scalarText(input, to)
  try {
    JSON.parse(found.text)
    return found.text
  } catch {
    return JSON.stringify(found.text)
  }
}

function opened(input: Input, { variable }: To): Input {
  return input.is === 'ast' && input.node.kind === 'Variable' ? variable(input.node.name.value) : input
}

function jsonOf(input: Input, { variable }: To): unknown {
  return toJson(input, name => toJson(variable(name), () => null))
}

function kindOf(input: Input): Found {
  if (input.is === 'json') return jsonKind(input.value)
  const { node } = input
  switch (node.kind) {
    case 'StringValue':
    case 'EnumValue':
      return { is: 'String', text: node.value }
    case 'IntValue':
    case 'FloatValue':
      return { is: 'Number', text: node.value }
    case 'BooleanValue':
      return { is: 'Boolean', text: String(node.value) }
    case 'ListValue':
      return { is: 'Array' }
    case 'ObjectValue':
      return { is: 'Object' }
    default:
      return { is: 'Null' }
  }
}

function jsonKind(value: unknown): Found {
  if (typeof value === 'string') return { is: 'String', text: value }
  if (typeof value === 'boolean') return { is: 'Boolean', text: String(value) }
  const number = numberText(value)
  if (number !== undefined) return { is: 'Number', text: number }
  if (value === null || value === undefined) return { is: 'Null' }
  return { is: Array.isArray(value) ? 'Array' : 'Object' }
}

type Kind = {
  takes: 'Number' | 'Boolean' | 'String'
  /** What its parser calls itself. */
  parsing?: string
  refusal(found: string): string
  read?(text: string, path: string): string
}

const expected = (what: string) => (found: string) => `expected ${what}, but encountered ${found}`

function integer(name: string, bits: number): Kind {
  return {
    takes: 'Number',
    parsing: `Integer expected for input type: ${name}`,
    refusal: expected('Number'),
    read: (text, path) => integerWithin(text, bits) ?? outside(path, text),
  }
}

function float(name: string, most: number): Kind {
  return {
    takes: 'Number',
    parsing: `Float expected for input type: ${name}`,
    refusal: expected('Number'),
    read(text, path) {
      if (Math.abs(Number(text)) > most) return outside(path, text, 'float')
      return plainNumber(text)
    },
  }
}

const scientific: Kind = {
  takes: 'Number',
  parsing: 'Scientific',
  refusal: expected('Number'),
  read: plainNumber,
}
const string = (parsing: string): Kind => ({ takes: 'String', parsing, refusal: expected('String') })

const kinds: { [type: string]: Kind | undefined } = {
  int2: integer('PGSmallInt', 16),
  int4: integer('PGInteger', 32),
  int8: integer('PGBigInt', 64),
  float4: float('PGFloat', 3.4028235677973366e38),
  float8: float('PGDouble', Number.MAX_VALUE),
  numeric: scientific,
  money: scientific,
  bool: { takes: 'Boolean', refusal: expected('Bool') },
  text: string('Text'),
  varchar: string('Text'),
  citext: string('Text'),
  bpchar: string('Char'),
  char: string('Char'),
  lquery: string('Text'),
  ltxtquery: string('Text'),
  date: string('Day'),
  timestamp: string('LocalTime'),
  timestamptz: string('UTCTime'),
  timetz: { takes: 'String', refusal: () => 'Expecting a string for timetz' },
  uuid: string('UUID'),
}

function refused({ path }: To, message: string): RequestError {
  return new RequestError('parse-failed', path, message)
}

/** https://www.postgresql.org/docs/current/ltree.html, but for the empty path, which Hasura refuses. */
export function labelPath(value: string, path: string): string {
  if (value.split('.').every(label => /^[\p{L}\p{N}_-]+$/u.test(label))) return value
  throw new RequestError(
    'parse-failed',
    path,
    'Expecting label path: a sequence of zero or more labels separated by dots, for example L1.L2.L3',
  )
}
