/**
 * Mutations → SQL. One statement writes, checks the permission on what was written and answers:
 *
 *   with "m" as (insert … returning …, (<check>) as "check__constraint"), "rows" as (select <columns> from "m")
 *   select <answer>, <every check held>
 */
import type { Delete, Insert, InsertRow, MutationOutput, Target, Update } from '../mutation/mutation.ts'
import type { BoolExp, Output, PgType, Rows, Value } from '../plan/plan.ts'
import { boolExpSql, type Scope } from './expression.ts'
import { selectionSql } from './select.ts'
import {
  alias,
  createWriter,
  id,
  jsonObject,
  literal,
  type Statement,
  typeSql,
  value,
  type Writer,
  wholeRow,
} from './text.ts'

const outside: Scope = { row: '', root: '' }

function named({ schema, name }: Target): string {
  return `${id(schema)}.${id(name)}`
}

export function printInsert(insert: Insert, rows: InsertRow[], output: MutationOutput): Statement {
  const writer = createWriter()
  return answering(writer, insert.into, insertSql(writer, insert, rows), output)
}

/** Writes one row; gives it as JSON, the check, and some of its columns as text. */
export function printInsertRow(insert: Insert, row: InsertRow, columns: string[]): Statement {
  const writer = createWriter()
  const written = insertSql(writer, insert, [row])
  const own = insert.into.columns.map(id).join(', ')
  const asked = columns.map(name => `, "m".${id(name)}::text`).join('')
  const text = `with "m" as (${written}) select (select row_to_json(${wholeRow}) from (select ${own}) as "_e"), "check__constraint"${asked} from "m"`
  return { text, values: writer.values }
}

/** The answer about rows that are given as a JSON array (the first parameter). */
export function printInserted(
  table: Target,
  rows: string,
  output: MutationOutput,
  affected: number,
): Statement {
  const writer = createWriter()
  const json = value(writer, {
    from: 'document',
    value: rows,
    type: { name: 'json', schema: 'pg_catalog', array: false },
  })
  const from = `select * from json_populate_recordset(null::${named(table)}, ${json})`
  return {
    text: `with "rows" as (${from}) select ${outputSql(writer, output, String(Math.trunc(affected)))}`,
    values: writer.values,
  }
}

export function printUpdate(update: Update, output: MutationOutput): Statement {
  const writer = createWriter()
  const row = alias(writer)
  const scope: Scope = { row, root: row }
  const set = update.set.map(({ column, operator, value: given }) => {
    const old = `${row}.${id(column)}`
    return `${id(column)} = ${given ? assignedSql(operator, old, value(writer, given)) : 'default'}`
  })
  // Without a change there is nothing to answer either, and no value that would be a parameter.
  const written =
    set.length === 0
      ? `select ${row}.*, true as "check__constraint" from ${named(update.table)} as ${row} where false`
      : `update ${named(update.table)} as ${row} set ${set.join(', ')} where ${boolExpSql(writer, scope, update.where)} returning ${row}.*, ${checkSql(writer, scope, update.check)}`
  return answering(writer, update.table, written, output)
}

const assignments: Record<string, (old: string, given: string) => string> = {
  _inc: (old, given) => `${old} + ${given}`,
  _mul: (old, given) => `${old} * ${given}`,
  _append: (old, given) => `${old} || ${given}`,
  _prepend: (old, given) => `${given} || ${old}`,
  _delete_key: (old, given) => `${old} - ${given}`,
  _delete_elem: (old, given) => `${old} - ${given}`,
  _delete_at_path: (old, given) => `${old} #- ${given}`,
}

function assignedSql(operator: string, old: string, given: string): string {
  return assignments[operator]?.(old, given) ?? given
}

export function printDelete({ table, where }: Delete, output: MutationOutput): Statement {
  const writer = createWriter()
  const row = alias(writer)
  const condition = boolExpSql(writer, { row, root: row }, where)
  const written = `delete from ${named(table)} as ${row} where ${condition} returning ${row}.*, true as "check__constraint"`
  return answering(writer, table, written, output)
}

function insertSql(
  writer: Writer,
  { into, onConflict, check, updateCheck }: Insert,
  rows: InsertRow[],
): string {
  const row = alias(writer)
  const scope: Scope = { row, root: row }
  const given = new Set(rows.flatMap(({ values, presets }) => [...values.keys(), ...presets.keys()]))
  const columns = given.size > 0 ? [...given] : into.columns.slice(0, 1)
  const source = manyRowsSql(writer, into, columns, rows) ?? fewRowsSql(writer, columns, rows)
  const conflict = onConflict ? conflictSql(writer, scope, onConflict) : ''
  const updates = (onConflict?.update.length ?? 0) > 0
  // Only a row that was updated has an xmax. Partitioned tables have none, so it is named where two checks differ alone.
  const held =
    updates && updateCheck
      ? `case when ${row}.xmax = 0 then ${boolExpSql(writer, scope, check)} else ${boolExpSql(writer, scope, updateCheck)} end as "check__constraint"`
      : checkSql(writer, scope, check)
  return `insert into ${named(into)} as ${row} (${columns.map(id).join(', ')}) ${source}${conflict} returning ${row}.*, ${held}`
}

function fewRowsSql(writer: Writer, columns: string[], rows: InsertRow[]): string {
  const tuples = rows.map(({ values, presets }) => {
    const cells = columns.map(column => {
      const found = presets.get(column) ?? values.get(column)
      return found ? value(writer, found) : 'default'
    })
    return `(${cells.join(', ')})`
  })
  return `values ${tuples.join(', ')}`
}

/** From here on, columns are sent as arrays: a statement with a parameter for each value takes Postgres long to read. */
const manyCells = 500
const texts = { name: 'text', schema: 'pg_catalog', array: true }

/** Undefined where that is not needed, or a row wants the default of a column. Presets are the same in all rows. */
function manyRowsSql(
  writer: Writer,
  into: Insert['into'],
  columns: string[],
  rows: InsertRow[],
): string | undefined {
  if (columns.length * rows.length < manyCells) return undefined
  const given = columns.map(column => cellsOf(into, column, rows))
  if (given.includes(undefined) || given.every(cells => cells?.preset)) return undefined
  const arrays: string[] = []
  const shown = given.flatMap(cells => {
    if (!cells) return []
    if (cells.preset) return [value(writer, cells.preset)]
    arrays.push(value(writer, { from: 'rows', values: cells.values, type: texts }))
    return [`("_v".${id(String(arrays.length))})::${typeSql(cells.type)}`]
  })
  const names = arrays.map((_, position) => id(String(position + 1))).join(', ')
  return `select ${shown.join(', ')} from unnest(${arrays.join(', ')}) as "_v" (${names})`
}

type Cells = { preset: Value } | { preset?: undefined; values: (Value | undefined)[]; type: PgType }

/** What the rows have in a column; undefined where one of them wants its default. */
function cellsOf({ defaulted }: Insert['into'], column: string, rows: InsertRow[]): Cells | undefined {
  const preset = rows[0]?.presets.get(column)
  if (preset) return { preset }
  const values = rows.map(row => row.values.get(column))
  const type = values.find(each => each)?.type
  if (!type || (defaulted.has(column) && values.includes(undefined))) return undefined
  return { values, type }
}

function checkSql(writer: Writer, scope: Scope, check: BoolExp): string {
  return `${boolExpSql(writer, scope, check)} as "check__constraint"`
}

function conflictSql(
  writer: Writer,
  scope: Scope,
  { constraint, update, where }: NonNullable<Insert['onConflict']>,
): string {
  const target = ` on conflict${constraint === undefined ? '' : ` on constraint ${id(constraint)}`} do`
  if (update.length === 0) return `${target} nothing`
  const set = update.map(({ column, value: given }) => {
    const to = given === 'excluded' ? `excluded.${id(column)}` : value(writer, given)
    return `${id(column)} = ${to}`
  })
  return `${target} update set ${set.join(', ')} where ${boolExpSql(writer, scope, where)}`
}

function answering(writer: Writer, table: Target, written: string, output: MutationOutput): Statement {
  const columns = table.columns.map(id).join(', ')
  const answer = outputSql(writer, output, '(select count(*) from "rows")')
  const held = '(select coalesce(bool_and("check__constraint"), true) from "m")'
  return {
    text: `with "m" as (${written}), "rows" as (select ${columns} from "m") select ${answer}, ${held}`,
    values: writer.values,
  }
}

function outputSql(writer: Writer, output: MutationOutput, affected: string): string {
  if (output.is === 'row') return rowsSelection(writer, output.outputs, true)
  return jsonObject(
    output.outputs.map(each => {
      if (each.is === 'text') return [each.key, `${literal(each.value)}::text`]
      return [each.key, each.is === 'affected_rows' ? affected : rowsSelection(writer, each.outputs, false)]
    }),
  )
}

const mutated: Rows = {
  from: { is: 'mutated' },
  join: [],
  where: { is: 'and', all: [] },
  orderBy: [],
  distinctOn: [],
  limit: undefined,
  offset: undefined,
}

function rowsSelection(writer: Writer, outputs: Output[], single: boolean): string {
  return selectionSql(writer, outside, { is: 'rows', rows: mutated, single, outputs })
}
