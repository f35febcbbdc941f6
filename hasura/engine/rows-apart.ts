/**
 * Rows of another source, asked for once the rows that point to them are there: each relationship in one statement for so
 * many keys, whatever the number of rows. What a query has of them is parsed and put together here; every other query's text
 * passes as Postgres wrote it.
 */
import { fillGaps, type Reading } from './actions/related-rows.ts'
import type { Gap } from './actions/shape-answer.ts'
import { RequestError } from './errors.ts'
import { parseExact } from './exact-json.ts'
import type { Output, Selection } from './plan/plan.ts'

type Apart = Output & { is: 'apart' }
type Row = Record<string, unknown>
/** Where rows belong: the value there is the key that they have. */
type Place = { row: Row; output: Apart }

/** Distinct keys in one statement; and in one answer, of each relationship. */
const keysAtOnce = 500
const mostKeys = 10_000
/** A relationship may lead back to where it came from. */
const mostDepth = 5

/** How many outputs of a selection are rows apart. */
export function countApart(selection: Selection): number {
  let count = 0
  for (const output of outputsOf(selection)) {
    if (output.is === 'apart') count += 1 + countApart(output.selection)
    if (output.is === 'selection') count += countApart(output.selection)
  }
  return count
}

function outputsOf(selection: Selection): Output[] {
  if (selection.is === 'rows') return selection.outputs
  return selection.outputs.flatMap(output => (output.is === 'nodes' ? output.outputs : []))
}

/** The text of a selection, with the rows of other sources in it. */
export async function withRowsApart(
  text: string,
  selection: Selection,
  reading: Reading,
  depth = 0,
): Promise<string> {
  if (depth > mostDepth)
    throw new RequestError(
      'validation-failed',
      '$',
      `relationships between sources nest deeper than ${mostDepth}`,
    )
  const answer = parseExact(text)
  const places: Place[] = []
  collect(answer, selection, places)
  for (const [output, group] of Map.groupBy(places, place => place.output))
    await fillPlaces(output, group, reading, depth)
  return JSON.stringify(answer)
}

function collect(value: unknown, selection: Selection, places: Place[]): void {
  if (value === null || value === undefined) return
  if (selection.is === 'rows') {
    for (const row of selection.single ? [value] : (value as Row[]))
      collectRow(row as Row, selection.outputs, places)
    return
  }
  for (const output of selection.outputs)
    if (output.is === 'nodes')
      for (const row of ((value as Row)[output.key] ?? []) as Row[]) collectRow(row, output.outputs, places)
}

function collectRow(row: Row, outputs: Output[], places: Place[]): void {
  for (const output of outputs)
    if (output.is === 'apart') places.push({ row, output })
    else if (output.is === 'selection') collect(row[output.key], output.selection, places)
}

async function fillPlaces(output: Apart, places: Place[], reading: Reading, depth: number): Promise<void> {
  const byKey = Map.groupBy(places, ({ row }) => JSON.stringify(row[output.key]))
  if (byKey.size > mostKeys)
    throw new RequestError(
      'validation-failed',
      '$',
      `an answer has more than ${mostKeys} different keys to rows of another source`,
    )
  const { key, source, selection } = output
  const pairs = output.pairs.map(pair => ({ field: '', ...pair }))
  const nested = countApart(selection) > 0
  const groups = [...byKey]
  for (let from = 0; from < groups.length; from += keysAtOnce) {
    const chunk = groups.slice(from, from + keysAtOnce)
    const gaps = chunk.map(([values]): Gap => {
      const related = { key, is: 'related', source, pairs, selection } as const
      return { output: related, values: JSON.parse(values), text: 'null' }
    })
    await fillGaps(gaps, reading)
    for (const [position, [, group]] of chunk.entries()) {
      const text = gaps[position]?.text ?? 'null'
      const found = nested ? await withRowsApart(text, selection, reading, depth + 1) : text
      for (const { row } of group) row[key] = parseExact(found)
    }
  }
}
