/** Stage 6: selections → SQL. */
import type { Output, Selection } from '../plan/plan.ts'
import { aggregateSelectionSql } from './aggregate.ts'
import { expressionSql, type Scope } from './expression.ts'
import { rowsSql } from './rows.ts'
import { id, jsonObject, literal, type Statement, value, type Writer } from './text.ts'

/** Several selections as the columns of one row: one statement, one round trip. */
export function printSelections(selections: Selection[]): Statement {
  const writer: Writer = { values: [], depth: 0 }
  const columns = selections.map((selection, position) => {
    return `${selectionSql(writer, { row: '', root: '' }, selection)} as "${position}"`
  })
  return { text: `select ${columns.join(', ')}`, values: writer.values }
}

/** A scalar sub-query whose value is JSON: an array, an object or null. */
export function selectionSql(writer: Writer, outer: Scope, selection: Selection): string {
  if (selection.is === 'aggregate')
    return aggregateSelectionSql(writer, outer, selection, { columns: outputColumns, object: outputObject })
  const rows = rowsSql(writer, outer, selection.rows, scope =>
    outputColumns(writer, scope, selection.outputs),
  )
  const json = longKeys(selection.outputs) ? '"_e"."_o"' : '"_e"'
  if (selection.single)
    return `(select ${json === '"_e"' ? 'row_to_json("_e")' : json} from (${rows} limit 1) as "_e")`
  return `(select coalesce(json_agg(${json}), '[]') from (${rows}) as "_e")`
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
    case 'value': {
      const sql = expressionSql(writer, scope, output.expression)
      const reached = output.path ? `(${sql}) #> ${value(writer, output.path)}` : sql
      return output.text === false ? reached : `(${reached})::text${output.text === 'array' ? '[]' : ''}`
    }
  }
}
