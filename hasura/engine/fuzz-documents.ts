/** For fuzz.test.ts: random documents over whatever a role's introspection shows, full of values that must not travel as SQL. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'

/** In every text and as the beginning of every number that a document or its variables hold. */
export const marker = 'zq7'
export const markerNumber = 7_770_000

/** Quotes of all kinds around the marker, and what ends, continues or comments a statement. */
const hostile = [
  `'`,
  '"',
  '\\',
  `\\'`,
  '$1',
  '$$',
  '--',
  '/*',
  '; select',
  `')::text`,
  '\n',
  '{',
  '}',
  '%',
  '?',
  '🙂',
]

export type Fuzzed = { query: string; variables: Record<string, unknown> }

/** A generator of its own, so that a seed gives the same documents everywhere: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Writing = {
  random: () => number
  schema: GraphQLSchema
  variables: Record<string, unknown>
  declared: string[]
}

export function fuzzDocument(
  schema: GraphQLSchema,
  operation: 'query' | 'mutation' | 'subscription',
  random: () => number,
): Fuzzed {
  const writing: Writing = { random, schema, variables: {}, declared: [] }
  const root = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  }[operation]
  const fields = Object.values(root?.getFields() ?? {})
  const body = fieldText(writing, pick(random, fields), 0)
  const declared = writing.declared.length > 0 ? `(${writing.declared.join(', ')})` : ''
  return { query: `${operation} fuzzed${declared} { ${body} }`, variables: writing.variables }
}

function pick<T>(random: () => number, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

function some<T>(random: () => number, items: readonly T[], share: number, most: number): T[] {
  return items.filter(() => random() < share).slice(0, most)
}

function fieldText(writing: Writing, field: GraphQLField<unknown, unknown>, depth: number): string {
  const { random } = writing
  const args = field.args
    .filter(({ name, type }) => isNonNullType(type) || random() < (name === 'distinct_on' ? 0.1 : 0.5))
    .map(argument => `${argument.name}: ${argumentText(writing, argument)}`)
  const alias = random() < 0.2 ? `a${Math.floor(random() * 1e6)}: ` : ''
  return `${alias}${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${selectionText(writing, field.type, depth)}`
}

function selectionText(writing: Writing, of: GraphQLOutputType, depth: number): string {
  const type = getNamedType(of)
  if (!isObjectType(type)) return ''
  const fields = Object.values(type.getFields())
  const leaves = fields.filter(field => !isObjectType(getNamedType(field.type)))
  const branches = fields.filter(field => isObjectType(getNamedType(field.type)))
  const chosen = [
    ...some(writing.random, leaves, 0.6, 6),
    ...(depth < 3 || leaves.length === 0 ? some(writing.random, branches, 0.5, 2) : []),
  ]
  const written = (
    chosen.length > 0 ? chosen : leaves.length > 0 ? leaves.slice(0, 1) : branches.slice(0, 1)
  ).map(field => fieldText(writing, field, depth + 1))
  return ` { __typename ${written.join(' ')} }`
}

/** Half of the arguments are variables. */
function argumentText(writing: Writing, { type }: GraphQLArgument): string {
  const value = inputOf(writing, type, 0)
  if (writing.random() < 0.5) return literalText(value)
  const name = `v${writing.declared.length}`
  writing.declared.push(`$${name}: ${type}`)
  writing.variables[name] = plain(value)
  return `$${name}`
}

class EnumName {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

function inputOf(writing: Writing, type: GraphQLInputType, depth: number): unknown {
  const { random } = writing
  if (isNonNullType(type)) return inputOf(writing, type.ofType, depth)
  if (isListType(type)) {
    const length = oneOf.test(getNamedType(type).name) ? 1 : 1 + Math.floor(random() * 2)
    return Array.from({ length }, () => inputOf(writing, type.ofType, depth))
  }
  if (isEnumType(type)) return new EnumName(pick(random, type.getValues()).name)
  if (!isInputObjectType(type)) return scalarOf(writing, type.name)
  const fields = Object.values(type.getFields())
  const chosen = oneOf.test(type.name)
    ? [pick(random, fields)]
    : fields.filter(field => isNonNullType(field.type) || (depth < 5 && random() < 2 / fields.length))
  return Object.fromEntries(chosen.map(field => [field.name, inputOf(writing, field.type, depth + 1)]))
}

/** Objects and lists of which exactly one member is wanted. */
const oneOf = /_aggregate_bool_exp$|_stream_cursor(_value)?_input$/

function scalarOf({ random }: Writing, name: string): unknown {
  const number = markerNumber + Math.floor(random() * 9_999)
  if (name === 'Boolean') return random() < 0.5
  if (name === 'Int') return number
  if (['json', 'jsonb'].includes(name)) return { [textOf(random)]: [textOf(random), number] }
  if (['Float', 'numeric', 'bigint', 'float8'].includes(name)) return random() < 0.7 ? number : textOf(random)
  return textOf(random)
}

function textOf(random: () => number): string {
  return `${pick(random, hostile)}${marker}${pick(random, hostile)}`
}

function literalText(value: unknown): string {
  if (value instanceof EnumName) return value.name
  if (Array.isArray(value)) return `[${value.map(literalText).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value)
  // GraphQL's own objects have names for keys; any other object can only stand in a variable.
  const members = names.map(
    name => `${/^\w+$/.test(name) ? name : marker}: ${literalText((value as Record<string, unknown>)[name])}`,
  )
  return `{ ${members.join(', ')} }`
}

function plain(value: unknown): unknown {
  if (value instanceof EnumName) return value.name
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}
