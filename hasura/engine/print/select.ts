/** Stage 6: selections → SQL. */
import type { Output, Selection } from '../plan/plan.ts'
import { aggregateSelectionSql } from './aggregate.ts'
import { expressionSql, type Scope } from './expression.ts'
import { rowsSql } from './rows.ts'
import {
  createWriter,
  id,
  jsonObject,
  literal,
  type Statement,
  value,
  type Writer,
  wholeRow,
} from './text.ts'

/**
 * Several selections as the columns of one row: one statement, one round trip. Where there is a limit of bytes, a last
 * column says whether the answer is larger, and then it is not sent at all.
 */
export function printSelections(selections: Selection[], mostBytes = Number.POSITIVE_INFINITY): Statement {
  const writer = createWriter()
  const columns = selections.map((selection, position) => {
    return `${selectionSql(writer, { row: '', root: '' }, selection)} as "${position}"`
  })
  const text = `select ${columns.join(', ')}`
  return {
    text: Number.isFinite(mostBytes) ? within(mostBytes, text, selections.length) : text,
    values: writer.values,
  }
}

/** `offset 0`: each level is computed once, and not anew wherever its columns are used. */
function within(mostBytes: number, answer: string, count: number): string {
  const names = Array.from({ length: count }, (_, position) => `"${position}"`)
  // Of a value in memory this is its length and four: nothing is copied to be measured.
  const size = names.map(name => `coalesce(pg_column_size(${name}) - 4, 0)`).join(' + ')
  const columns = names.map(name => `case when "fits" then ${name} end`)
  const sized = `select *, ${size} <= ${Math.trunc(mostBytes)} as "fits" from (${answer} offset 0) as "answer" offset 0`
  return `select ${columns.join(', ')}, "fits" from (${sized}) as "sized"`
}

/** A scalar sub-query whose value is JSON: an array, an object or null. */
export function selectionSql(writer: Writer, outer: Scope, selection: Selection): string {
  if (selection.is === 'aggregate')
    return aggregateSelectionSql(writer, outer, selection, { columns: outputColumns, object: outputObject })
  const rows = rowsSql(writer, outer, selection.rows, scope =>
    outputColumns(writer, scope, selection.outputs),
  )
  const long = longKeys(selection.outputs)
  if (selection.single)
    return `(select ${long ? '"_e"."_o"' : `row_to_json(${wholeRow})`} from (${rows} limit 1) as "_e")`
  return `(select coalesce(json_agg(${long ? '"_e"."_o"' : wholeRow}), '[]') from (${rows}) as "_e")`
}

function longKeys(outputs: Output[]): boolean {
  return outputs.some(({ key }) => Buffer.byteLength(key) > 63)
}

/** The columns of a row, each under its key in the answer. */
export function outputColumns(writer: Writer, scope: Scope, outputs: Output[]): string {
  const pairs = outputs.map((output): [string, string] => [output.key, outputSql(writer, scope, output)])
  if (longKeys(outputs)) return `${jsonObject(pairs)} as "_o"`
  return pairs.map(([key, sql]) => `${sql} as ${id(key)}`).join(', ')
}

/** A row as one JSON value. */
export function outputObject(writer: Writer, scope: Scope, outputs: Output[]): string {
  return jsonObject(outputs.map(output => [output.key, outputSql(writer, scope, output)]))
}

function outputSql(writer: Writer, scope: Scope, output: Output): string {
  switch (output.is) {
    case 'text':
      return `${literal(output.value)}::text`
    case 'selection':
      return selectionSql(writer, scope, output.selection)
    case 'apart': {
      const columns = output.columns.map(name =>
        expressionSql(writer, scope, { is: 'column', name, row: 'this' }),
      )
      return `json_build_array(${columns.map(column => `(${column})::text`).join(', ')})`
    }
    case 'value': {
      const sql = expressionSql(writer, scope, output.expression)
      const reached = output.path ? `(${sql}) #> ${value(writer, output.path)}` : sql
      return output.text === false ? reached : `(${reached})::text${output.text === 'array' ? '[]' : ''}`
    }
  }
}
