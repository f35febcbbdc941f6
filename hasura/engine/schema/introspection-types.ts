/**
 * The types that a schema describes itself with.
 *
 * Source: https://spec.graphql.org/October2021/#sec-Schema-Introspection (and `isOneOf`, which newer clients ask for)
 */
import {
  type Argument,
  type Field,
  list,
  type NamedType,
  nonNull,
  objectType,
  type TypeRef,
} from './types.ts'

const types = new Map<string, NamedType>()
const named = (name: string): TypeRef => ({
  ref: 'named',
  name,
  get: () => types.get(name) ?? { kind: 'SCALAR', name, description: null },
})
const many = (name: string): TypeRef => list(nonNull(named(name)))

function field(name: string, type: TypeRef, args: Argument[] = []): Field {
  return { name, description: null, args, type, means: { is: 'nothing' } }
}
function argument(name: string, type: TypeRef, fallback?: string): Argument {
  return { name, description: null, type, ...(fallback === undefined ? {} : { default: fallback }) }
}

const string = named('String')
const flag = nonNull(named('Boolean'))
const deprecated = [argument('includeDeprecated', named('Boolean'), 'false')]

const definitions: Record<string, () => Field[]> = {
  __Schema: () => [
    field('description', string),
    field('types', nonNull(many('__Type'))),
    field('queryType', nonNull(named('__Type'))),
    field('mutationType', named('__Type')),
    field('subscriptionType', named('__Type')),
    field('directives', nonNull(many('__Directive'))),
  ],
  __Type: () => [
    field('kind', nonNull(named('__TypeKind'))),
    field('name', string),
    field('description', string),
    field('specifiedByURL', string),
    field('specifiedByUrl', string),
    field('fields', many('__Field'), deprecated),
    field('interfaces', many('__Type')),
    field('possibleTypes', many('__Type')),
    field('enumValues', many('__EnumValue'), deprecated),
    field('inputFields', many('__InputValue'), deprecated),
    field('ofType', named('__Type')),
    field('isOneOf', named('Boolean')),
  ],
  __Field: () => [
    field('name', nonNull(string)),
    field('description', string),
    field('args', nonNull(many('__InputValue')), deprecated),
    field('type', nonNull(named('__Type'))),
    field('isDeprecated', flag),
    field('deprecationReason', string),
  ],
  __InputValue: () => [
    field('name', nonNull(string)),
    field('description', string),
    field('type', nonNull(named('__Type'))),
    field('defaultValue', string),
    field('isDeprecated', flag),
    field('deprecationReason', string),
  ],
  __EnumValue: () => [
    field('name', nonNull(string)),
    field('description', string),
    field('isDeprecated', flag),
    field('deprecationReason', string),
  ],
  __Directive: () => [
    field('name', nonNull(string)),
    field('description', string),
    field('locations', nonNull(many('__DirectiveLocation'))),
    field('args', nonNull(many('__InputValue')), deprecated),
    field('isRepeatable', flag),
  ],
}

function enumType(name: string, values: string[]): NamedType {
  return {
    kind: 'ENUM',
    name,
    description: null,
    values: values.map(value => ({ name: value, description: null })),
  }
}

for (const [name, make] of Object.entries(definitions)) types.set(name, objectType(name, null, make))
types.set(
  '__TypeKind',
  enumType('__TypeKind', [
    'ENUM',
    'INPUT_OBJECT',
    'INTERFACE',
    'LIST',
    'NON_NULL',
    'OBJECT',
    'SCALAR',
    'UNION',
  ]),
)
types.set(
  '__DirectiveLocation',
  enumType('__DirectiveLocation', [
    ...[
      'QUERY',
      'MUTATION',
      'SUBSCRIPTION',
      'FIELD',
      'FRAGMENT_DEFINITION',
      'FRAGMENT_SPREAD',
      'INLINE_FRAGMENT',
    ],
    ...[
      'VARIABLE_DEFINITION',
      'SCHEMA',
      'SCALAR',
      'OBJECT',
      'FIELD_DEFINITION',
      'ARGUMENT_DEFINITION',
      'INTERFACE',
    ],
    ...['UNION', 'ENUM', 'ENUM_VALUE', 'INPUT_OBJECT', 'INPUT_FIELD_DEFINITION'],
  ]),
)

/** `__Schema`, `__Type` and so on, as types of every schema. */
export const introspectionTypes: ReadonlyMap<string, NamedType> = types

/** What every query root has besides its own fields. */
export const introspectionFields: ReadonlyMap<string, Field> = new Map([
  ['__schema', field('__schema', nonNull(named('__Schema')))],
  ['__type', field('__type', named('__Type'), [argument('name', nonNull(string))])],
])

export type DirectiveDefinition = {
  name: string
  description: string
  locations: string[]
  args: Argument[]
}

export const directives: DirectiveDefinition[] = [
  {
    name: 'include',
    description: 'whether this query should be included',
    locations: ['FIELD', 'FRAGMENT_SPREAD', 'INLINE_FRAGMENT'],
    args: [argument('if', flag)],
  },
  {
    name: 'skip',
    description: 'whether this query should be skipped',
    locations: ['FIELD', 'FRAGMENT_SPREAD', 'INLINE_FRAGMENT'],
    args: [argument('if', flag)],
  },
  {
    name: 'cached',
    description: 'whether this query should be cached (Hasura Cloud only)',
    locations: ['QUERY'],
    args: [
      { ...argument('ttl', nonNull(named('Int')), '60'), description: 'measured in seconds' },
      { ...argument('refresh', flag, 'false'), description: 'refresh the cache entry' },
    ],
  },
]
