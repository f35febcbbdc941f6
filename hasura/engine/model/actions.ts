/** Actions and the types they speak of, with the relationships of those types to tables. */
import { parseType, type TypeNode } from 'graphql'
import type {
  ActionMetadata,
  CustomTypes,
  Inconsistency,
  Metadata,
  TypeRelationship,
} from '../metadata-types.ts'
import { type Column, type Model, qualifiedKey, type Relation } from '../model.ts'
import { qualified } from './building.ts'

export type TypedName = { name: string; type: TypeNode; description: string | null }
/** From fields of an answer to rows of a table. */
export type AnswerRelation = {
  relation: Relation
  source: string
  /** A field of the answer, and the column that equals it. */
  pairs: [string, Column][]
}
export type CustomType = { name: string; description: string | null } & (
  | { is: 'object'; fields: TypedName[]; relations: AnswerRelation[] }
  | { is: 'input'; fields: TypedName[] }
  | { is: 'enum'; values: { name: string; description: string | null }[] }
  | { is: 'scalar' }
)
export type Action = {
  name: string
  definition: ActionMetadata['definition']
  asynchronous: boolean
  operation: 'query' | 'mutation'
  arguments: TypedName[]
  output: TypeNode
  roles: Set<string>
  comment: string | null
}

const builtIn = new Set(['Int', 'Float', 'String', 'Boolean', 'ID'])

export function buildActions(model: Model, { actions = [], custom_types = {} }: Metadata): void {
  const fault = buildTypes(model, custom_types)
  if (fault !== undefined)
    model.inconsistencies.push({
      type: 'custom_types',
      name: 'custom_types custom_types',
      reason: `Inconsistent object: validation for the given custom types failed because ${fault}`,
      definition: custom_types,
    })
  for (const entry of actions) {
    const action = buildAction(model, entry)
    if (typeof action === 'string') model.inconsistencies.push(inconsistent(entry, action))
    else model.actions.set(action.name, action)
  }
}

function inconsistent({ name, definition, comment = null }: ActionMetadata, reason: string): Inconsistency {
  return {
    type: 'action',
    name: `action ${name}`,
    reason: `Inconsistent object: in action "${name}"; ${reason}`,
    definition: { name, definition, comment },
  }
}

/** A fault of the types, which leaves those without fault in force. */
function buildTypes(model: Model, types: CustomTypes): string | undefined {
  const types_ = model.customTypes
  for (const { name, description = null } of types.scalars ?? [])
    types_.set(name, { is: 'scalar', name, description })
  for (const { name, description = null, values } of types.enums ?? [])
    types_.set(name, {
      is: 'enum',
      name,
      description,
      values: values.map(({ value, description: said = null }) => ({ name: value, description: said })),
    })
  for (const { name, description = null, fields } of types.input_objects ?? [])
    types_.set(name, { is: 'input', name, description, fields: fields.map(typed) })
  let fault: string | undefined
  for (const { name, description = null, fields, relationships } of types.objects ?? []) {
    const typedFields = fields.map(typed)
    const relations = (relationships ?? []).flatMap(relationship => {
      const relation = relationOf(model, typedFields, relationship)
      if (typeof relation !== 'string') return [relation]
      fault ??= relation.replace('%', name)
      return []
    })
    types_.set(name, { is: 'object', name, description, fields: typedFields, relations })
  }
  return fault
}

function typed({
  name,
  type,
  description = null,
}: {
  name: string
  type: string
  description?: string | null
}): TypedName {
  return { name, type: parseType(type, { noLocation: true }), description }
}

function relationOf(
  model: Model,
  fields: TypedName[],
  { name, type, source = 'default', remote_table, field_mapping }: TypeRelationship,
): AnswerRelation | string {
  const table = model.tablesBySource.get(source)?.get(qualifiedKey(qualified(remote_table)))
  if (!table) return `the remote table for relationship "${name}" in object type "%" does not exist`
  const pairs: [string, Column][] = []
  for (const [from, to] of Object.entries(field_mapping)) {
    const field = fields.find(each => each.name === from)
    const column = table.byColumnName.get(to)
    if (!field) return `the field "${from}" for relationship "${name}" in object type "%" does not exist`
    if (isList(field.type))
      return `the type of the field "${from}" for relationship "${name}" in object type "%" is a list type`
    if (!column)
      return `the column "${to}" of remote table "${table.name}" for relationship "${name}" of object type "%" does not exist`
    pairs.push([from, column])
  }
  const relation: Relation = {
    is: 'relation',
    field: name,
    kind: type,
    table,
    columns: [],
    nullable: true,
    comment: null,
    insertion: 'after_parent',
  }
  return { relation, source, pairs }
}

function isList(type: TypeNode): boolean {
  return type.kind === 'ListType' || (type.kind === 'NonNullType' && isList(type.type))
}

export function typeName(type: TypeNode): string {
  return type.kind === 'NamedType' ? type.name.value : typeName(type.type)
}

function buildAction(
  model: Model,
  { name, definition, permissions = [], comment = null }: ActionMetadata,
): Action | string {
  const asynchronous = definition.kind === 'asynchronous'
  let args: TypedName[]
  let output: TypeNode
  try {
    args = (definition.arguments ?? []).map(typed)
    output = parseType(definition.output_type, { noLocation: true })
  } catch {
    return 'a type of it cannot be read'
  }
  const unknown = [...args.map(({ type }) => type), output].map(typeName).find(type => !isKnown(model, type))
  if (unknown !== undefined) return `the type: "${unknown}" is not defined in custom types`
  const fault = asynchronous ? asynchronousFault(model, output) : undefined
  if (fault !== undefined) return fault
  return {
    name,
    definition,
    asynchronous,
    operation: !asynchronous && definition.type === 'query' ? 'query' : 'mutation',
    arguments: args,
    output,
    roles: new Set(permissions.map(({ role }) => role)),
    comment,
  }
}

/** A type of Postgres may be used without being defined: it is a scalar. */
function isKnown(model: Model, name: string): boolean {
  return builtIn.has(name) || model.customTypes.has(name) || /^[a-z_][a-z0-9_]*$/.test(name)
}

/** Their answers are joined to tables in Postgres, where an object is no value to join by. */
function asynchronousFault(model: Model, output: TypeNode): string | undefined {
  const type = model.customTypes.get(typeName(output))
  if (type?.is !== 'object' || type.relations.length === 0) return undefined
  const objects = type.fields.filter(field => model.customTypes.get(typeName(field.type))?.is === 'object')
  if (objects.length === 0) return undefined
  return `Async action relations cannot be used with object fields: ${objects.map(({ name }) => JSON.stringify(name)).join(', ')}`
}
