/** `X_aggregate` → SQL: what is asked of the group is computed first, then put into its JSON. */
import type { AggregateField, AggregateOutput, Output, Rows, Selection } from '../plan/plan.ts'
import { expressionSql, fromSql, type Scope } from './expression.ts'
import { rowsSql, tailSql } from './rows.ts'
import { alias, id, jsonObject, literal, type Writer, wholeRow } from './text.ts'

type Aggregate = Selection & { is: 'aggregate' }
/** The SQL of each computed aggregate, under the name of a column. */
type Computed = { name: string; sql: string }[]

/** How the rows among the aggregates are written. */
export type PrintOutputs = {
  columns(writer: Writer, scope: Scope, outputs: Output[]): string
  object(writer: Writer, scope: Scope, outputs: Output[]): string
}

export function aggregateSelectionSql(
  writer: Writer,
  outer: Scope,
  selection: Aggregate,
  print: PrintOutputs,
): string {
  const apart = selection.nodes !== undefined
  const within = selection.outputs.some(({ is }) => is === 'nodes') && !apart
  const { rows } = selection
  const cut = rows.limit !== undefined || rows.offset !== undefined || rows.distinctOn.length > 0
  const computed: Computed = []
  const row = alias(writer)
  const scope: Scope = { row, root: row }
  const pairs = selection.outputs.map((output): [string, string] => [
    output.key,
    outputSql(writer, outer, { selection, output, scope, computed, print }),
  ])
  const shape = jsonObject(pairs)
  if (computed.length === 0) return shape
  const columns = computed.map(({ name, sql }) => `${sql} as ${id(name)}`).join(', ')
  const from =
    cut || within
      ? `(${rowsSql(writer, outer, rows, inner => `${inner.row}.*`)}) as ${row}`
      : `${fromSql(writer, outer, rows)} as ${row}${tailSql(writer, outer, scope, { ...rows, orderBy: [] })}`
  return `(select ${shape} from (select ${columns} from ${from}) as "_g")`
}

type Part = {
  selection: Aggregate
  output: AggregateOutput
  scope: Scope
  computed: Computed
  print: PrintOutputs
}

function outputSql(
  writer: Writer,
  outer: Scope,
  { selection, output, scope, computed, print }: Part,
): string {
  switch (output.is) {
    case 'text':
      return `${literal(output.value)}::text`
    case 'nodes': {
      if (selection.nodes) return nodesApart(writer, outer, selection.nodes, { output, print })
      return `coalesce(${kept(computed, `json_agg(${print.object(writer, scope, output.outputs)})`)}, '[]')`
    }
    case 'aggregate':
      return jsonObject(output.outputs.map(field => [field.key, fieldSql(writer, scope, field, computed)]))
  }
}

/** The permission's limit holds for the nodes only: they are read apart. */
function nodesApart(
  writer: Writer,
  outer: Scope,
  rows: Rows,
  { output, print }: { output: AggregateOutput & { is: 'nodes' }; print: PrintOutputs },
): string {
  const sql = rowsSql(writer, outer, rows, scope => print.columns(writer, scope, output.outputs))
  return `(select coalesce(json_agg(${wholeRow}), '[]') from (${sql}) as "_e")`
}

/** Computes it once in the group, and gives the column that holds it. */
function kept(computed: Computed, sql: string): string {
  const name = `_${computed.length + 1}`
  computed.push({ name, sql })
  return `"_g".${id(name)}`
}

function fieldSql(writer: Writer, scope: Scope, field: AggregateField, computed: Computed): string {
  switch (field.is) {
    case 'text':
      return `${literal(field.value)}::text`
    case 'count': {
      const columns = field.columns.map(column => expressionSql(writer, scope, column))
      const argument = columns.length > 1 ? `(${columns.join(', ')})` : (columns[0] ?? '*')
      return kept(computed, `count(${field.distinct && columns.length > 0 ? 'distinct ' : ''}${argument})`)
    }
    case 'operator':
      return jsonObject(
        field.outputs.map(output => {
          if (output.is === 'text') return [output.key, `${literal(output.value)}::text`]
          const sql = kept(
            computed,
            `${id(field.operator)}(${expressionSql(writer, scope, output.expression)})`,
          )
          return [output.key, output.text ? `(${sql})::text` : sql]
        }),
      )
  }
}
