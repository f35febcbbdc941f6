/**
 * A subscription → one statement that answers many subscribers at once:
 *
 *   select n, state, root from unnest($1, $2, …) with ordinality as "_s" ("state", "p1", …, "n")
 *   cross join lateral (<the query, reading "_s"."p1" where it would read $1>)
 *
 * `state` is what a subscriber has seen: the hash of its last answer, or the cursor of a stream. `root` is null when
 * there is nothing new, so an answer that did not change does not travel.
 */
import { nestedMembers } from '../plan/members.ts'
import type { RootPlan, Value } from '../plan/plan.ts'
import { expressionSql, fromSql, type Scope, whereSql } from './expression.ts'
import { outputObject, selectionSql } from './select.ts'
import { alias, createWriter, id, jsonObject, literal, value, type Writer } from './text.ts'

/** `values`: of one subscriber, each a column of the parameters after the states. */
export type Multiplexed = { text: string; values: Value[] }

const outside: Scope = { row: '', root: '' }

export function printLive(roots: RootPlan[], mostBytes: number): Multiplexed {
  const writer = subscriberWriter()
  const root = dataObject(roots, each => rootSql(writer, each))
  const hashed = `select "root", md5("root"::text) as "state" from (select ${root} as "root" offset 0) as "_q" offset 0`
  return multiplexed(writer, hashed, {
    changed: '"_r"."state" is distinct from "_s"."state"',
    fits: fits(mostBytes),
  })
}

/** `data`, its namespaces as objects of their own. */
function dataObject(roots: RootPlan[], sqlOf: (root: RootPlan) => string): string {
  const pair = (each: RootPlan): [string, string] => [each.key, sqlOf(each)]
  return jsonObject(
    nestedMembers(roots).map(each =>
      'member' in each ? pair(each.member) : [each.key, jsonObject(each.members.map(pair))],
    ),
  )
}

function rootSql(writer: Writer, root: RootPlan): string {
  if (root.is === 'json') return `${literal(root.json)}::json`
  return root.is === 'query' ? selectionSql(writer, outside, root.selection) : 'null'
}

/** Ties come together: a cursor that stands between equal values would lose some. */
export function printStream(
  roots: RootPlan[],
  { stream }: RootPlan & { is: 'stream' },
  mostBytes: number,
): Multiplexed {
  const writer = subscriberWriter()
  const row = alias(writer)
  const scope: Scope = { row, root: row }
  const by = expressionSql(writer, scope, stream.by)
  const { type } = stream.initial
  const seen = value(writer, { from: 'state', type })
  const where = whereSql(writer, outside, stream.rows, row)
  const [after, direction] = stream.descending ? ['<', 'desc'] : ['>', 'asc']
  const batch = stream.batch ? ` fetch first (${value(writer, stream.batch)}) rows with ties` : ''
  const rows = `select ${outputObject(writer, scope, stream.outputs)} as "_o", (${by})::text as "_c" from ${fromSql(writer, outside, stream.rows)} as ${row} where ${where} and ${by} ${after} ${seen} order by ${by} ${direction}${batch}`
  const batched = `select json_agg("_o") as "_o", (array_agg("_c"))[count(*)] as "_c" from (${rows}) as "_b"`
  const data = dataObject(roots, each => (each.is === 'stream' ? '"_d"."_o"' : rootSql(writer, each)))
  const answer = `select ${data} as "root", "_d"."_c" as "state" from (${batched}) as "_d"`
  return multiplexed(writer, answer, { changed: '"_r"."state" is not null', fits: fits(mostBytes) })
}

function subscriberWriter(): Writer {
  return createWriter({ place: number => `"_s".${id(`p${number}`)}`, state: '"_s"."state"' })
}

function fits(mostBytes: number): string {
  return Number.isFinite(mostBytes) ? `octet_length("_r"."root"::text) <= ${Math.trunc(mostBytes)}` : 'true'
}

function multiplexed(
  { values }: Writer,
  answer: string,
  { changed, fits }: { changed: string; fits: string },
): Multiplexed {
  const numbers = values.map((_, position) => position + 1)
  const arrays = ['$1::text[]', ...numbers.map(number => `$${number + 1}::text[]`)]
  const names = ['"state"', ...numbers.map(number => id(`p${number}`)), '"n"']
  const text = `select "_s"."n", coalesce("_r"."state", "_s"."state"), case when ${changed} and ${fits} then "_r"."root" end, ${fits} from unnest(${arrays.join(', ')}) with ordinality as "_s" (${names.join(', ')}) cross join lateral (${answer}) as "_r"`
  return { text, values }
}
