/** Relationships and computed fields of tables. */
import { RequestError } from '../errors.ts'
import {
  type Args,
  flag,
  isObject,
  type NameOf,
  object,
  optionalText,
  parseFailed,
  tableName,
  text,
  without,
} from '../metadata-api/arguments.ts'
import { dependentsOfField, dropDependents, listed } from '../metadata-api/dependencies.ts'
import { renameRelation } from '../metadata-api/rename.ts'
import type { ComputedField, Metadata, Relationship, TrackedTable } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import type { State } from '../state.ts'
import {
  alreadyExists,
  type Edit,
  type Edited,
  inTable,
  notExists,
  removeFrom,
  trackedTable,
} from './edit.ts'

export const relationshipEdits: Record<string, Edit> = {
  create_object_relationship: (draft, args) => create(draft, args, 'object'),
  create_array_relationship: (draft, args) => create(draft, args, 'array'),
  drop_relationship: (draft, args, before) => {
    const { entry, source, name } = trackedTable(draft, args, '$.args.table')
    const relationship = text(args, 'relationship')
    if (!relationshipOf(entry, relationship)) throw noRelationship(relationship, name, '$.args')
    dropField(draft, before, { source: source.name, table: name, field: relationship, args })
    for (const each of [entry.object_relationships, entry.array_relationships])
      removeFrom(each, ({ name: known }) => known === relationship)
    return {}
  },
  rename_relationship: (draft, args, before) => {
    const { entry, source, name } = trackedTable(draft, args)
    const [from, to] = [text(args, 'name'), text(args, 'new_name')]
    const relationship = relationshipOf(entry, from)
    if (!relationship) throw noRelationship(from, name, '$.args')
    if (relationshipOf(entry, to))
      throw alreadyExists(
        `cannot rename relationship "${from}" to "${to}" in table "${shown(name)}" as a column/relationship with the name already exists`,
      )
    renameRelation(draft, before, { source: source.name, table: name, from, to })
    relationship.name = to
    return { touched: [inTable(`${kindOf(entry, to)}_relation`, to, name, source.name)] }
  },
  set_relationship_comment: (draft, args) => {
    const { entry, name } = trackedTable(draft, args)
    const relationship = relationshipOf(entry, text(args, 'name'))
    if (!relationship) throw noRelationship(text(args, 'name'), name, '$.args')
    relationship.comment = optionalText(args, 'comment')
    return {}
  },
  create_remote_relationship: (draft, args) => remote(draft, args, 'create'),
  update_remote_relationship: (draft, args) => remote(draft, args, 'update'),
  delete_remote_relationship: (draft, args) => {
    const { entry } = trackedTable(draft, args)
    if (!removeFrom(entry.remote_relationships, each => isObject(each) && each.name === text(args, 'name')))
      throw notExists(`relationship "${text(args, 'name')}" does not exist`)
    return {}
  },
  add_computed_field: (draft, args) => {
    const { entry, source, name } = trackedTable(draft, args, '$.args.table')
    const field = text(args, 'name')
    if (entry.computed_fields?.some(each => each.name === field))
      throw alreadyExists(`computed field "${field}" already exists`)
    const definition = object(args, 'definition')
    const computed: ComputedField = without({
      name: field,
      definition: without({
        ...definition,
        function: tableName(definition.function, '$.definition.function'),
      }) as ComputedField['definition'],
      comment: optionalText(args, 'comment') ?? undefined,
    })
    entry.computed_fields = [...(entry.computed_fields ?? []), computed]
    return { touched: [inTable('computed_field', field, name, source.name)] }
  },
  drop_computed_field: (draft, args, before) => {
    const { entry, source, name } = trackedTable(draft, args, '$.args.table')
    const field = text(args, 'name')
    if (!entry.computed_fields?.some(each => each.name === field))
      throw notExists(`computed field "${field}" does not exist`, '$.args.name')
    dropField(draft, before, { source: source.name, table: name, field, args })
    removeFrom(entry.computed_fields, each => each.name === field)
    return {}
  },
}

function create(draft: Metadata, args: Args, kind: 'object' | 'array'): Edited {
  const { entry, source, name } = trackedTable(draft, args)
  const field = text(args, 'name')
  const using = object(args, 'using')
  const key = using.foreign_key_constraint_on
  if (kind === 'array' && key !== undefined && !isObject(key))
    throw parseFailed('$.using.foreign_key_constraint_on', 'Expecting object { table, columns }.')
  if (relationshipOf(entry, field))
    throw alreadyExists(`field with name "${field}" already exists in table "${shown(name)}"`)
  const comment = optionalText(args, 'comment')
  const relationship: Relationship = {
    name: field,
    using: normalised(using),
    ...(comment === null ? {} : { comment }),
  }
  const list = `${kind}_relationships` as const
  entry[list] = [...(entry[list] ?? []), relationship]
  return { touched: [inTable(`${kind}_relation`, field, name, source.name)] }
}

/** Names of tables with their schema. */
function normalised(using: Record<string, unknown>): Relationship['using'] {
  const { foreign_key_constraint_on: key, manual_configuration: manual } = using
  if (isObject(manual))
    return {
      manual_configuration: {
        insertion_order: null,
        ...manual,
        remote_table: tableName(manual.remote_table, '$.using.manual_configuration.remote_table'),
      },
    } as Relationship['using']
  if (isObject(key))
    return {
      foreign_key_constraint_on: {
        ...key,
        table: tableName(key.table, '$.using.foreign_key_constraint_on.table'),
      },
    }
  return using
}

function relationshipOf(entry: TrackedTable, name: string): Relationship | undefined {
  return [...(entry.object_relationships ?? []), ...(entry.array_relationships ?? [])].find(
    each => each.name === name,
  )
}

function kindOf(entry: TrackedTable, name: string): 'object' | 'array' {
  return entry.object_relationships?.some(each => each.name === name) ? 'object' : 'array'
}

function noRelationship(name: string, table: NameOf, path: string): RequestError {
  return notExists(`relationship "${name}" on table "${shown(table)}" does not exist`, path)
}

function dropField(
  draft: Metadata,
  before: State,
  { source, table, field, args }: { source: string; table: NameOf; field: string; args: Args },
): void {
  const dependents = dependentsOfField(before, source, table, field)
  if (dependents.length > 0 && !flag(args, 'cascade'))
    throw new RequestError(
      'dependency-error',
      '$.args',
      `cannot drop due to the following dependent objects: ${listed(dependents)}`,
    )
  dropDependents(draft, dependents)
}

function remote(draft: Metadata, args: Args, as: 'create' | 'update'): Edited {
  const { entry, source, name } = trackedTable(draft, args)
  const field = text(args, 'name')
  const definition = object(args, 'definition')
  if (!isObject(definition.to_source))
    throw new RequestError(
      'not-supported',
      '$.args',
      'remote schemas are not supported by this server, and so are relationships to them',
    )
  const known = entry.remote_relationships?.some(each => isObject(each) && each.name === field)
  if (as === 'create' && known)
    throw alreadyExists(`relationship "${field}" already exists in table "${shown(name)}"`)
  if (as === 'update' && !known) throw notExists(`relationship "${field}" does not exist`)
  const others = entry.remote_relationships?.filter(each => !isObject(each) || each.name !== field) ?? []
  entry.remote_relationships = [...others, { name: field, definition }]
  return { touched: [inTable('remote_relationship', field, name, source.name)] }
}
