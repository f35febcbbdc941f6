/** Expressions and boolean expressions. */
import type { BoolExp, Call, Expression, Rows } from '../plan/plan.ts'
import { alias, id, typeSql, value, type Writer } from './text.ts'

/** The aliases of the row at hand and of the row that the whole expression is about. */
export type Scope = { row: string; root: string; aggregated?: string }

export function expressionSql(writer: Writer, scope: Scope, expression: Expression): string {
  switch (expression.is) {
    case 'column': {
      const row = expression.row === 'root' ? scope.root : scope.row
      return masked(writer, scope, `${row}.${id(expression.name)}`, expression.mask)
    }
    case 'call':
      return masked(writer, scope, callSql(writer, scope, expression.call), expression.mask)
    case 'cast':
      return `(${expressionSql(writer, scope, expression.of)})::${typeSql(expression.type)}`
    case 'upper':
      return `pg_catalog.upper(${expressionSql(writer, scope, expression.of)})`
    case 'value':
      return value(writer, expression.value)
    case 'aggregated':
      return scope.aggregated ?? 'null'
    case 'through':
      return throughSql(writer, scope, expression)
  }
}

function masked(writer: Writer, scope: Scope, sql: string, mask: BoolExp | undefined): string {
  return mask ? `case when ${boolExpSql(writer, scope, mask)} then ${sql} end` : sql
}

export function callSql(writer: Writer, { row }: Scope, { schema, name, arguments: args }: Call): string {
  const given = args.map(argument => {
    // The whole row: its bare name would mean a column that happens to have that name.
    const sql = argument.is === 'row' ? `${row}.*` : value(writer, argument.value)
    return argument.name === undefined ? sql : `${id(argument.name)} => ${sql}`
  })
  return `${id(schema)}.${id(name)}(${given.join(', ')})`
}

/** What the row at the end of a relationship has there; null when there is none. */
export function throughSql(
  writer: Writer,
  scope: Scope,
  { rows, then }: Expression & { is: 'through' },
): string {
  const row = alias(writer)
  const inner = { ...scope, row }
  const sql = then.is === 'aggregate' ? aggregateSql(writer, inner, then) : expressionSql(writer, inner, then)
  return `(select ${sql} from ${fromSql(writer, scope, rows)} as ${row} where ${whereSql(writer, scope, rows, row)} limit 1)`
}

export function aggregateSql(
  writer: Writer,
  scope: Scope,
  { rows, function: fn, column }: { rows: Rows; function: string; column?: Expression },
): string {
  const row = alias(writer)
  const argument = column === undefined ? '*' : expressionSql(writer, { ...scope, row }, column)
  return `(select ${id(fn)}(${argument}) from ${fromSql(writer, scope, rows)} as ${row} where ${whereSql(writer, scope, rows, row)})`
}

/** A table, or a function's result; `scope` is where its arguments are taken from. */
export function fromSql(writer: Writer, scope: Scope, { from }: Rows): string {
  if (from.is === 'mutated') return '"rows"'
  return from.is === 'table' ? `${id(from.schema)}.${id(from.name)}` : callSql(writer, scope, from.call)
}

/** The rows that belong to the row of `scope`, filtered. */
export function whereSql(writer: Writer, scope: Scope, { join, where }: Rows, row: string): string {
  const pairs = join.map(([here, there]) => `${row}.${id(there)} = ${scope.row}.${id(here)}`)
  const inner = { ...scope, row }
  const condition = where.is === 'and' && where.all.length === 0 ? [] : [boolExpSql(writer, inner, where)]
  return [...pairs, ...condition].join(' and ') || 'true'
}

export function boolExpSql(writer: Writer, scope: Scope, exp: BoolExp): string {
  switch (exp.is) {
    case 'and':
      return exp.all.length === 0
        ? 'true'
        : `(${exp.all.map(each => boolExpSql(writer, scope, each)).join(' and ')})`
    case 'or':
      return exp.all.length === 0
        ? 'false'
        : `(${exp.all.map(each => boolExpSql(writer, scope, each)).join(' or ')})`
    case 'not':
      return `(not ${boolExpSql(writer, scope, exp.exp)})`
    case 'rooted':
      return boolExpSql(writer, { ...scope, root: scope.row }, exp.exp)
    case 'null':
      return `(${expressionSql(writer, scope, exp.left)} is ${exp.negated ? 'not ' : ''}null)`
    case 'compare':
      return compareSql(writer, scope, exp)
    case 'exists': {
      const row = alias(writer)
      const from = fromSql(writer, scope, exp.rows)
      return `exists (select 1 from ${from} as ${row} where ${whereSql(writer, scope, exp.rows, row)})`
    }
    case 'aggregate':
      return aggregatePredicateSql(writer, scope, exp)
  }
}

/** `L` and `R` stand for the two sides; L comes first. */
export const operators: Readonly<Record<string, string>> = {
  _eq: 'L = R',
  _neq: 'L <> R',
  _gt: 'L > R',
  _lt: 'L < R',
  _gte: 'L >= R',
  _lte: 'L <= R',
  _in: 'L = any(R)',
  _nin: 'L <> all(R)',
  _like: 'L like R',
  _nlike: 'L not like R',
  _ilike: 'L ilike R',
  _nilike: 'L not ilike R',
  _similar: 'L similar to R',
  _nsimilar: 'L not similar to R',
  _regex: 'L ~ R',
  _nregex: 'L !~ R',
  _iregex: 'L ~* R',
  _niregex: 'L !~* R',
  _contains: 'L @> R',
  _contained_in: 'L <@ R',
  _has_key: 'L ? R',
  _has_keys_any: 'L ?| R',
  _has_keys_all: 'L ?& R',
  _ancestor: 'L @> R',
  _ancestor_any: 'L @> R',
  _descendant: 'L <@ R',
  _descendant_any: 'L <@ R',
  _matches: 'L ~ R',
  _matches_any: 'L ? R',
  _matches_fulltext: 'L @ R',
}

function compareSql(writer: Writer, scope: Scope, exp: BoolExp & { is: 'compare' }): string {
  const template = operators[exp.operator]
  if (!template) throw new Error(`no such operator: ${exp.operator}`)
  // Cut before either side is put in: their names and constants may look like a place themselves.
  const [between = '', after = ''] = template.slice(1).split('R')
  const left = expressionSql(writer, scope, exp.left)
  const right = expressionSql(writer, scope, exp.right)
  return `(${left}${between}${right}${after})`
}

function aggregatePredicateSql(writer: Writer, scope: Scope, exp: BoolExp & { is: 'aggregate' }): string {
  const row = alias(writer)
  const inner: Scope = { ...scope, row }
  const columns = exp.columns.map(column => expressionSql(writer, inner, column))
  const listed = columns.join(', ') || '*'
  // Several columns are counted as one row; every other function takes each for itself.
  const argument = columns.length > 1 && exp.function === 'count' ? `(${listed})` : listed
  const distinct = exp.distinct && columns.length > 0 ? 'distinct ' : ''
  const filter = boolExpSql(writer, inner, exp.filter)
  const where = whereSql(writer, scope, exp.rows, row)
  const aggregated = `${id(exp.function)}(${distinct}${argument})`
  const predicate = boolExpSql(writer, { ...scope, aggregated: '"_a"."value"' }, exp.predicate)
  const from = fromSql(writer, scope, exp.rows)
  const rows = `select ${aggregated} as "value" from ${from} as ${row} where ${where} and ${filter}`
  return `exists (select 1 from (${rows}) as "_a" where ${predicate})`
}
