/** Types as introspection shows them. Members are functions where they may be large or lead in circles. */
import { type DirectiveDefinition, directives, introspectionTypes } from './introspection-types.ts'
import type { RoleSchema } from './role-schema.ts'
import { type Argument, byName, type Field, type NamedType, type ObjectType, type TypeRef } from './types.ts'

export type Described = { [member: string]: unknown }

export function describeSchema(schema: RoleSchema): Described {
  const described = (type: ObjectType | undefined) => type && describeNamed(type)
  return {
    description: null,
    types: () => reachable(schema).map(describeNamed),
    queryType: () => described(schema.query),
    mutationType: () => described(schema.mutation),
    subscriptionType: () => described(schema.subscription),
    directives: () => directives.map(describeDirective),
  }
}

/** Every type that can be reached from the roots, in the order of names. */
function reachable(schema: RoleSchema): NamedType[] {
  const found = new Map<string, NamedType>(introspectionTypes)
  const open: NamedType[] = [...roots(schema), ...introspectionTypes.values()]
  for (const ref of directives.flatMap(({ args }) => args)) open.push(named(ref.type))
  for (const type of open) found.set(type.name, type)
  for (let type = open.pop(); type; type = open.pop()) {
    for (const next of neighbours(type)) {
      const ref = leaf(next)
      if (found.has(ref.name)) continue
      const made = ref.get()
      found.set(ref.name, made)
      open.push(made)
    }
  }
  return [...found.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1))
}

function roots(schema: RoleSchema): ObjectType[] {
  return [schema.query, schema.mutation, schema.subscription].filter(type => type !== undefined)
}

export function findType(schema: RoleSchema, name: string): NamedType | undefined {
  return (
    introspectionTypes.get(name) ??
    roots(schema).find(type => type.name === name) ??
    reachable(schema).find(type => type.name === name)
  )
}

function neighbours(type: NamedType): TypeRef[] {
  if (type.kind === 'OBJECT')
    return type.list().flatMap(field => [field.type, ...field.args.map(argument => argument.type)])
  if (type.kind === 'INPUT_OBJECT') return [...type.fields().values()].map(field => field.type)
  return []
}

function leaf(type: TypeRef): TypeRef & { ref: 'named' } {
  return type.ref === 'named' ? type : leaf(type.of)
}
function named(type: TypeRef): NamedType {
  return leaf(type).get()
}

export function describeNamed(type: NamedType): Described {
  const { kind, name, description } = type
  const object = kind === 'OBJECT'
  return {
    kind,
    name,
    description,
    specifiedByURL: null,
    specifiedByUrl: null,
    fields: () => (object ? type.list().map(describeField) : null),
    interfaces: object ? [] : null,
    possibleTypes: null,
    enumValues: () => (kind === 'ENUM' ? type.values.map(value => ({ ...value, ...current })) : null),
    inputFields: () =>
      kind === 'INPUT_OBJECT' ? [...type.fields().values()].toSorted(byName).map(describeInput) : null,
    ofType: null,
    isOneOf: kind === 'INPUT_OBJECT' ? false : null,
  }
}

const current = { isDeprecated: false, deprecationReason: null }

function describeRef(type: TypeRef): Described {
  if (type.ref === 'named') return describeNamed(type.get())
  return {
    ...wrapper,
    kind: type.ref === 'list' ? 'LIST' : 'NON_NULL',
    ofType: () => describeRef(type.of),
  }
}
const wrapper = {
  name: null,
  description: null,
  fields: null,
  interfaces: null,
  enumValues: null,
  inputFields: null,
}

function describeField({ name, description, args, type }: Field): Described {
  return {
    name,
    description,
    args: () => args.toSorted(byName).map(describeInput),
    type: () => describeRef(type),
    ...current,
  }
}

function describeInput({ name, description, type, default: fallback }: Argument): Described {
  return { name, description, type: () => describeRef(type), defaultValue: fallback ?? null, ...current }
}

function describeDirective({ name, description, locations, args }: DirectiveDefinition): Described {
  return { name, description, locations, args: args.map(describeInput), isRepeatable: false }
}
