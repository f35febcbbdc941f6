/**
 * How names of Postgres become names of GraphQL.
 *
 * Source: https://hasura.io/docs/2.0/schema/postgres/naming-convention/
 */
import type { RootFieldName } from '../model.ts'

export type Naming = {
  convention: 'hasura-default' | 'graphql-default'
  rootPrefix: string
  rootSuffix: string
  typePrefix: string
  typeSuffix: string
}

export const defaultNaming: Naming = {
  convention: 'hasura-default',
  rootPrefix: '',
  rootSuffix: '',
  typePrefix: '',
  typeSuffix: '',
}

const validName = /^[_A-Za-z][_0-9A-Za-z]*$/

/** What cannot be a name in GraphQL is left out of the schema. */
export function isGraphqlName(name: string): boolean {
  return validName.test(name) && !name.startsWith('__')
}

/** Three names are values of their own, so no enum may have them. */
export function isEnumValueName(name: string): boolean {
  return isGraphqlName(name) && !['true', 'false', 'null'].includes(name)
}

/** Why something of this name is left out. */
export function nameFault(name: string): string | undefined {
  return isGraphqlName(name)
    ? undefined
    : `cannot include "${name}" in the GraphQL schema because it is not a valid GraphQL identifier`
}

export function camelCase(name: string): string {
  const pascal = pascalCase(name)
  return pascal.charAt(0).toLowerCase() + pascal.slice(1)
}

export function pascalCase(name: string): string {
  return name
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

/** `public.author` is author, `hasura.author` is hasura_author. */
export function tableName(schema: string, name: string): string {
  return schema === 'public' ? name : `${schema}_${name}`
}

export function fieldName(naming: Naming, name: string): string {
  return naming.convention === 'graphql-default' ? camelCase(name) : name
}

/** An argument or a field that every schema has: `on_conflict`, onConflict; `_delete_key`, _deleteKey. */
export function commonName({ convention }: Naming, name: string): string {
  if (convention !== 'graphql-default') return name
  return name.startsWith('_') ? `_${camelCase(name.slice(1))}` : camelCase(name)
}

/** The name of a type made for a table: `author` + `bool_exp`. A custom name stays as it was given: `custom`. */
export function typeName(naming: Naming, base: string, suffix = '', custom = false): string {
  const { convention, typePrefix, typeSuffix } = naming
  if (convention === 'graphql-default')
    return (
      typePrefix + (custom && typePrefix === '' ? base : pascalCase(base)) + pascalCase(suffix) + typeSuffix
    )
  return typePrefix + (suffix ? `${base}_${suffix}` : base) + typeSuffix
}

/** The name of a type whose words stay as they are under any convention, but after a prefix. */
export function plainTypeName({ convention, typePrefix, typeSuffix }: Naming, name: string): string {
  const prefixed = convention === 'graphql-default' && typePrefix !== ''
  return typePrefix + (prefixed ? pascalCase(name) : name) + typeSuffix
}

/** An enum's value: `title` → title, or TITLE under graphql-default. */
export function enumValueName(naming: Naming, name: string): string {
  return naming.convention === 'graphql-default' ? name.toUpperCase() : name
}

const patterns: Record<RootFieldName, (base: string) => string> = {
  select: base => base,
  select_by_pk: base => `${base}_by_pk`,
  select_aggregate: base => `${base}_aggregate`,
  select_stream: base => `${base}_stream`,
  insert: base => `insert_${base}`,
  insert_one: base => `insert_${base}_one`,
  update: base => `update_${base}`,
  update_by_pk: base => `update_${base}_by_pk`,
  update_many: base => `update_${base}_many`,
  delete: base => `delete_${base}`,
  delete_by_pk: base => `delete_${base}_by_pk`,
}
export const rootFieldNames: RootFieldName[] = [
  'select',
  'select_by_pk',
  'select_aggregate',
  'select_stream',
  'insert',
  'insert_one',
  'update',
  'update_by_pk',
  'update_many',
  'delete',
  'delete_by_pk',
]

export function rootFieldName(naming: Naming, as: RootFieldName, base: string): string {
  return customised(naming, fieldName(naming, patterns[as](base)))
}

/** A root field's name under the source's prefix and suffix: test_author_query, testAuthorQuery. */
export function customised({ convention, rootPrefix, rootSuffix }: Naming, name: string): string {
  if (convention !== 'graphql-default') return rootPrefix + name + rootSuffix
  const first = rootPrefix === '' ? name : rootPrefix + pascalCase(name)
  return first + pascalCase(rootSuffix)
}
