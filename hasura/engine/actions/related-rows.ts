/** The rows that an answer's relationships lead to: one statement for each source, however many objects there are. */
import type pg from 'pg'
import { fault, RequestError } from '../errors.ts'
import { exceeded, type Limits } from '../plan/limits.ts'
import { always, type BoolExp, both, never, type Rows, type Selection } from '../plan/plan.ts'
import { printSelections } from '../print/select.ts'
import { type Bound, bind, runStatement } from '../run.ts'
import type { Gap } from './shape-answer.ts'

const mostObjects = 1000

export type Reading = {
  pools: Readonly<Record<string, pg.Pool>>
  bound: Bound
  limits: Limits
  signal: AbortSignal | undefined
}

export async function fillGaps(gaps: Gap[], reading: Reading): Promise<void> {
  if (gaps.length > mostObjects)
    throw new RequestError(
      'validation-failed',
      '$',
      `an answer has more than ${mostObjects} objects with relationships`,
    )
  for (const [source, group] of Map.groupBy(gaps, gap => gap.output.source)) {
    const pool = reading.pools[source]
    if (!pool) throw fault('$', `source "${source}" is not connected`)
    const { bytes, timeMs } = reading.limits
    const statement = printSelections(group.map(selectionOf), bytes)
    const values = bind(statement.values, reading.bound)
    const row = await runStatement(pool, {
      text: statement.text,
      values,
      name: undefined,
      timeMs,
      signal: reading.signal,
    })
    if (row[group.length] === 'f') throw exceeded('the size of the answer in bytes', bytes)
    group.forEach((gap, position) => {
      gap.text = row[position] ?? 'null'
    })
  }
}

function selectionOf({ output, values }: Gap): Selection {
  const { selection, pairs } = output
  const equal = pairs.map(({ column, type }, position): BoolExp => {
    const value = values[position]
    // What is not there is equal to nothing.
    if (value === null || value === undefined) return never
    return {
      is: 'compare',
      left: { is: 'column', name: column, row: 'this' },
      operator: '_eq',
      right: { is: 'value', value: { from: 'document', value: textOf(value), type } },
    }
  })
  const narrowed = (rows: Rows): Rows => ({ ...rows, where: both(...equal, rows.where ?? always) })
  if (selection.is === 'rows') return { ...selection, rows: narrowed(selection.rows) }
  return { ...selection, rows: narrowed(selection.rows), nodes: selection.nodes && narrowed(selection.nodes) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
