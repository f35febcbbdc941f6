/** Boolean expressions of the metadata: filters and checks of permissions, by the names of Postgres. */
import type { CatalogType } from '../catalog.ts'
import { fault } from '../errors.ts'
import type { BoolExpJson, Json } from '../metadata-types.ts'
import { type Computed, qualifiedKey, type Relation, type Table } from '../model.ts'
import { callOf } from './call.ts'
import {
  always,
  type BoolExp,
  both,
  type Expression,
  type PgType,
  type RowRef,
  type Rows,
  type Value,
} from './plan.ts'
import { arrayOf, pgType } from './values.ts'

/** Where an expression stands: the table at hand, and the one that `["$", column]` means. */
export type Scope = { table: Table; root: Table; tables: ReadonlyMap<string, Table>; atRoot: boolean }

export function scopeOf(table: Table, tables: ReadonlyMap<string, Table>): Scope {
  return { table, root: table, tables, atRoot: true }
}

export function anyPermission(scope: Scope, filters: BoolExpJson[] | undefined): BoolExp {
  if (filters === undefined) return always
  const all = filters.map(filter => rooted(permission(scope, filter), filter))
  const [only] = all
  return all.length === 1 && only ? only : { is: 'or', all }
}

/** Where a permission names its root row, its own row becomes that. */
function rooted(exp: BoolExp, json: BoolExpJson): BoolExp {
  return JSON.stringify(json).includes('["$"') ? { is: 'rooted', exp } : exp
}

export function permission(scope: Scope, json: BoolExpJson): BoolExp {
  return both(...Object.entries(json).map(([key, value]) => member(scope, key, value)))
}

function member(scope: Scope, key: string, value: Json): BoolExp {
  switch (key) {
    case '_and':
    case '$and':
      return both(...list(value).map(each => permission(scope, object(each))))
    case '_or':
    case '$or':
      return { is: 'or', all: list(value).map(each => permission(scope, object(each))) }
    case '_not':
    case '$not':
      return { is: 'not', exp: permission(scope, object(value)) }
    case '_exists':
    case '$exists':
      return existsIn(scope, object(value))
    default:
      return aboutField(scope, key, value)
  }
}

function list(value: Json): Json[] {
  return Array.isArray(value) ? value : []
}

function object(value: Json | undefined): BoolExpJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

function existsIn(scope: Scope, json: BoolExpJson): BoolExp {
  const name = json._table ?? json.$table
  const wanted = typeof name === 'string' ? { schema: 'public', name } : object(name)
  const { schema = 'public', name: table } = wanted
  const target =
    typeof schema === 'string' &&
    typeof table === 'string' &&
    scope.tables.get(qualifiedKey({ schema, name: table }))
  if (!target) throw broken(`the table of "_exists" is not tracked`)
  const where = permission({ ...scope, table: target, atRoot: false }, object(json._where ?? json.$where))
  return { is: 'exists', rows: rowsOf(target, [], where) }
}

function broken(message: string): Error {
  return fault('$', `inconsistent permission: ${message}`)
}

export function rowsOf(table: Table, join: [string, string][], where: BoolExp): Rows {
  const { schema, name } = table
  const from = { is: 'table', schema, name } as const
  return { from, join, where, orderBy: [], distinctOn: [], limit: undefined, offset: undefined }
}

export function joinOf({ columns }: Relation): [string, string][] {
  return columns.map(([here, there]) => [here.name, there.name])
}

function aboutField(scope: Scope, key: string, value: Json): BoolExp {
  const column = scope.table.byColumnName.get(key)
  if (column) {
    const left: Expression = { is: 'column', name: column.name, row: 'this' }
    return comparisons(scope, left, column.type, value)
  }
  const field = scope.table.fields.get(key)
  if (field?.is === 'relation') {
    const where = permission({ ...scope, table: field.table, atRoot: false }, object(value))
    return { is: 'exists', rows: rowsOf(field.table, joinOf(field), where) }
  }
  if (field?.is === 'computed') return aboutComputed(scope, field, value)
  throw broken(`"${key}" does not exist in table "${scope.table.name}"`)
}

function aboutComputed(scope: Scope, computed: Computed, value: Json): BoolExp {
  const call = callOf(computed)
  const { returns } = computed
  if (returns.is === 'scalar') return comparisons(scope, { is: 'call', call }, returns.type, value)
  const where = permission({ ...scope, table: returns.table, atRoot: false }, object(value))
  return { is: 'exists', rows: { ...rowsOf(returns.table, [], where), from: { is: 'call', call } } }
}

const isOperator = (key: string) => key.startsWith('_') || key.startsWith('$')

function comparisons(scope: Scope, left: Expression, type: CatalogType, value: Json): BoolExp {
  const operators = object(value)
  const keys = Object.keys(operators)
  const plain = typeof value !== 'object' || value === null || Array.isArray(value) || !keys.every(isOperator)
  if (plain) return comparison(scope, left, type, '_eq', value)
  return both(...keys.map(key => comparison(scope, left, type, `_${key.slice(1)}`, operators[key] ?? null)))
}

const columnOperators: Record<string, string> = {
  _ceq: '_eq',
  _cne: '_neq',
  _cneq: '_neq',
  _cgt: '_gt',
  _clt: '_lt',
  _cgte: '_gte',
  _clte: '_lte',
}
const synonyms: Record<string, string> = { _ne: '_neq', _notin: '_nin' }

function comparison(scope: Scope, left: Expression, type: CatalogType, name: string, value: Json): BoolExp {
  const columnOperator = columnOperators[name]
  if (columnOperator) return compareColumns(scope, left, columnOperator, value)
  const operator = synonyms[name] ?? name
  switch (operator) {
    case '_is_null':
      return { is: 'null', left, negated: value === false }
    case '_eq':
      if (value === null) return { is: 'null', left, negated: false }
      return { is: 'compare', left, operator, right: operand(value, pgType(type)) }
    case '_neq':
      if (value === null) return { is: 'null', left, negated: true }
      // Not `is distinct from`: a row without a value is none that the permission means.
      return { is: 'compare', left, operator, right: operand(value, pgType(type)) }
    case '_in':
    case '_nin':
      return { is: 'compare', left, operator, right: operand(value, arrayOf(pgType(type))) }
    case '_cast':
      return casts(scope, left, object(value))
    default:
      return { is: 'compare', left, operator, right: operand(value, operandType(operator, type)) }
  }
}

const text: PgType = { name: 'text', schema: 'pg_catalog', array: false }

/** The type of what stands on the right of an operator. */
export function operandType(operator: string, type: CatalogType): PgType {
  const own = pgType(type)
  switch (operator) {
    case '_has_key':
      return text
    case '_has_keys_any':
    case '_has_keys_all':
      return arrayOf(text)
    case '_ancestor_any':
    case '_descendant_any':
      return arrayOf(own)
    case '_matches':
      return { ...own, name: 'lquery' }
    case '_matches_any':
      return { ...own, name: 'lquery', array: true }
    case '_matches_fulltext':
      return { ...own, name: 'ltxtquery' }
    default:
      return textLike.has(operator) ? text : own
  }
}
const textLike = new Set([
  ...['_like', '_nlike', '_ilike', '_nilike', '_similar', '_nsimilar'],
  ...['_regex', '_nregex', '_iregex', '_niregex'],
])

const castText: CatalogType = { name: 'text', schema: 'pg_catalog', kind: 'b' }

function casts(scope: Scope, left: Expression, value: BoolExpJson): BoolExp {
  return both(
    ...Object.values(value).map(inner =>
      comparisons(scope, { is: 'cast', of: left, type: text }, castText, inner),
    ),
  )
}

/** `column`, `["$", column]` of the root row, or `[relationship, column]`. */
function compareColumns(scope: Scope, left: Expression, operator: string, value: Json): BoolExp {
  const path = (Array.isArray(value) ? value : [value]).map(String)
  return { is: 'compare', left, operator, right: columnAt(scope, path) }
}

function columnAt(scope: Scope, [first = '', ...rest]: string[]): Expression {
  if (first === '$') return ownColumn(scope.root, rest[0] ?? '', scope.atRoot ? 'this' : 'root')
  if (rest.length === 0) return ownColumn(scope.table, first, 'this')
  const relation = scope.table.fields.get(first)
  if (relation?.is !== 'relation')
    throw broken(`"${first}" is not a relationship of table "${scope.table.name}"`)
  const then = columnAt({ ...scope, table: relation.table, atRoot: false }, rest)
  return { is: 'through', rows: rowsOf(relation.table, joinOf(relation), always), then }
}

function ownColumn(table: Table, name: string, row: RowRef): Expression {
  if (!table.byColumnName.has(name)) throw broken(`column "${name}" does not exist in table "${table.name}"`)
  return { is: 'column', name, row }
}

const sessionVariable = /^x-hasura-/i

/** A constant of the metadata, or a session variable where the text names one. */
function operand(value: Json, type: PgType): Expression {
  return { is: 'value', value: metadataValue(value, type) }
}

export function metadataValue(value: Json, type: PgType): Value {
  if (typeof value === 'string' && sessionVariable.test(value))
    return { from: 'session', name: value.toLowerCase(), type }
  if (type.array && Array.isArray(value)) {
    const one = { ...type, array: false }
    return { from: 'list', values: value.map(item => metadataValue(item, one)), type }
  }
  if (value === null) return { from: 'metadata', text: null, type }
  const json = ['json', 'jsonb'].includes(type.name) && !type.array
  return { from: 'metadata', text: typeof value === 'string' && !json ? value : JSON.stringify(value), type }
}
