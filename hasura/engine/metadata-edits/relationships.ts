/** Relationships and computed fields of tables. */
import { RequestError } from '../errors.ts'
import {
  type Args,
  flag,
  isObject,
  object,
  optionalText,
  parseFailed,
  tableName,
  text,
  without,
} from '../metadata-api/arguments.ts'
import { dependentsOfField, dropDependents, listed } from '../metadata-api/dependencies.ts'
import { renameRelation } from '../metadata-api/rename.ts'
import type { Metadata, Relationship, TrackedTable } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import type { State } from '../state.ts'
import { alreadyExists, type Edit, inTable, notExists, trackedTable } from './edit.ts'
import { createObject, dropObject, type Found, objectOf, type TableObject, takeOut } from './table-objects.ts'

const kinds = ['object', 'array'] as const

const relationshipOf = (kind: (typeof kinds)[number]): TableObject => ({
  type: `${kind}_relation`,
  list: `${kind}_relationships`,
  by: 'name',
  read: (args, name) =>
    without({ name, using: usingOf(args, kind), comment: optionalText(args, 'comment') ?? undefined }),
  refused: ({ entry, name }, field) =>
    kindOf(entry, field)
      ? alreadyExists(`field with name "${field}" already exists in table "${shown(name)}"`)
      : undefined,
  missing: noRelationship,
})

const computedField: TableObject = {
  type: 'computed_field',
  list: 'computed_fields',
  by: 'name',
  tablePath: '$.args.table',
  read: (args, name) => {
    const definition = object(args, 'definition')
    const fn = tableName(definition.function, '$.definition.function')
    const comment = optionalText(args, 'comment') ?? undefined
    return without({ name, definition: without({ ...definition, function: fn }), comment })
  },
  refused: ({ entry }, field) =>
    objectOf(entry, computedField, field)
      ? alreadyExists(`computed field "${field}" already exists`)
      : undefined,
  missing: (_, field) => notExists(`computed field "${field}" does not exist`, '$.args.name'),
  beforeDrop: dropDependentsOf,
}

const remoteRelationship: TableObject = {
  type: 'remote_relationship',
  list: 'remote_relationships',
  by: 'name',
  read: (args, name) => {
    const definition = object(args, 'definition')
    if (isObject(definition.to_source)) return { name, definition }
    throw new RequestError(
      'not-supported',
      '$.args',
      'remote schemas are not supported by this server, and so are relationships to them',
    )
  },
  refused: ({ entry, name }, field) =>
    objectOf(entry, remoteRelationship, field)
      ? alreadyExists(`relationship "${field}" already exists in table "${shown(name)}"`)
      : undefined,
  missing: (_, field) => notExists(`relationship "${field}" does not exist`),
}

export const relationshipEdits: Record<string, Edit> = {
  create_object_relationship: createObject(relationshipOf('object')),
  create_array_relationship: createObject(relationshipOf('array')),
  drop_relationship: (draft, args, before) => {
    const found = trackedTable(draft, args, '$.args.table')
    const key = text(args, 'relationship')
    const kind = kindOf(found.entry, key)
    if (!kind) throw noRelationship(found, key)
    dropDependentsOf(draft, before, { ...found, key, args })
    takeOut(found.entry, relationshipOf(kind), key)
    return {}
  },
  rename_relationship: (draft, args, before) => {
    const found = trackedTable(draft, args)
    const { entry, source, name } = found
    const [from, to] = [text(args, 'name'), text(args, 'new_name')]
    const kind = kindOf(entry, from)
    const relationship = kind && objectOf(entry, relationshipOf(kind), from)
    if (!relationship) throw noRelationship(found, from)
    if (kindOf(entry, to))
      throw alreadyExists(
        `cannot rename relationship "${from}" to "${to}" in table "${shown(name)}" as a column/relationship with the name already exists`,
      )
    renameRelation(draft, before, { source: source.name, table: name, from, to })
    relationship.name = to
    return { touched: [inTable(`${kind}_relation`, to, name, source.name)] }
  },
  set_relationship_comment: (draft, args) => {
    const found = trackedTable(draft, args)
    const field = text(args, 'name')
    const kind = kindOf(found.entry, field)
    const relationship = kind && objectOf(found.entry, relationshipOf(kind), field)
    if (!relationship) throw noRelationship(found, field)
    relationship.comment = optionalText(args, 'comment')
    return {}
  },
  create_remote_relationship: createObject(remoteRelationship),
  update_remote_relationship: createObject({
    ...remoteRelationship,
    refused: (found, field) =>
      objectOf(found.entry, remoteRelationship, field) ? undefined : remoteRelationship.missing(found, field),
  }),
  delete_remote_relationship: dropObject(remoteRelationship),
  add_computed_field: createObject(computedField),
  drop_computed_field: dropObject(computedField),
}

/** Of the relationship that has the name; both kinds share their names. */
function kindOf(entry: TrackedTable, name: string): (typeof kinds)[number] | undefined {
  return kinds.find(kind => objectOf(entry, relationshipOf(kind), name))
}

function noRelationship({ name }: Found, relationship: string): RequestError {
  return notExists(`relationship "${relationship}" on table "${shown(name)}" does not exist`)
}

/** Names of tables with their schema. */
function usingOf(args: Args, kind: (typeof kinds)[number]): Relationship['using'] {
  const using = object(args, 'using')
  const { foreign_key_constraint_on: key, manual_configuration: manual } = using
  if (kind === 'array' && key !== undefined && !isObject(key))
    throw parseFailed('$.using.foreign_key_constraint_on', 'Expecting object { table, columns }.')
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

function dropDependentsOf(
  draft: Metadata,
  before: State,
  { source, name, key, args }: Found & { key: string; args: Args },
): void {
  const dependents = dependentsOfField(before, source.name, name, key)
  if (dependents.length > 0 && !flag(args, 'cascade'))
    throw new RequestError(
      'dependency-error',
      '$.args',
      `cannot drop due to the following dependent objects: ${listed(dependents)}`,
    )
  dropDependents(draft, dependents)
}
