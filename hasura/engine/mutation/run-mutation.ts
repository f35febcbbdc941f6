/** Runs the fields of a mutation in order, in one transaction. */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import { memberId } from '../plan/members.ts'
import type { RootPlan, Value } from '../plan/plan.ts'
import { databaseError } from '../postgres-errors.ts'
import { printDelete, printInsert, printInserted, printInsertRow, printUpdate } from '../print/mutation.ts'
import { printSelections } from '../print/select.ts'
import type { Statement } from '../print/text.ts'
import { asParameterText, type Bound, bind, type Execution, withClient } from '../run.ts'
import { queryText } from '../text-query.ts'
import type { Insert, InsertRow, Mutation, MutationOutput, Update } from './mutation.ts'

type Client = pg.PoolClient
type Row = (string | null)[]

export type MutationRun = Bound & Pick<Execution, 'timeMs' | 'signal'>

/** The answer of each field, by its id. All or nothing. */
export async function runMutation(
  pool: pg.Pool,
  roots: RootPlan[],
  bound: MutationRun,
): Promise<Map<string, string>> {
  const answers = new Map<string, string>()
  await withClient(pool, bound, async client => {
    await client.query('begin')
    try {
      await client.query("select set_config('hasura.user', $1, true)", [sessionJson(bound)])
      for (const root of roots)
        if (root.is === 'query' || root.is === 'mutation')
          answers.set(memberId(root), await runRoot(client, root, bound))
      await client.query('commit')
    } catch (cause) {
      await client.query('rollback').catch(() => undefined)
      throw cause
    }
  })
  return answers
}

function sessionJson({ session }: Bound): string {
  return JSON.stringify({ 'x-hasura-role': session.role, ...session.vars })
}

async function runRoot(
  client: Client,
  root: RootPlan & { is: 'query' | 'mutation' },
  bound: Bound,
): Promise<string> {
  if (root.is === 'query') {
    const [row] = await send(client, printSelections([root.selection]), bound, '$')
    return row?.[0] ?? 'null'
  }
  return runOne(client, root.mutation, bound)
}

async function runOne(client: Client, mutation: Mutation, bound: Bound): Promise<string> {
  switch (mutation.is) {
    case 'insert':
      return runInsert(client, mutation.insert, mutation.output, bound)
    case 'delete':
      return checked(client, printDelete(mutation.delete, mutation.output), bound, '$')
    case 'update': {
      const answers: string[] = []
      for (const update of mutation.updates)
        answers.push(await runUpdate(client, update, mutation.output, bound))
      return mutation.list ? `[${answers.join(',')}]` : (answers[0] ?? 'null')
    }
  }
}

function runUpdate(client: Client, update: Update, output: MutationOutput, bound: Bound): Promise<string> {
  return checked(client, printUpdate(update, output), bound, '$')
}

async function runInsert(
  client: Client,
  insert: Insert,
  output: MutationOutput,
  bound: Bound,
): Promise<string> {
  if (insert.rows.length > 0 && alone(insert.rows))
    return checked(client, printInsert(insert, insert.rows, output), bound, insert.path)
  const inserted: Inserted = { rows: [], affected: 0 }
  for (const row of insert.rows) await insertNested(client, insert, row, { inserted, bound })
  const statement = printInserted(insert.into, `[${inserted.rows.join(',')}]`, output, inserted.affected)
  const [answer] = await send(client, statement, bound, insert.path)
  return answer?.[0] ?? 'null'
}

/** Whether nothing is written with these rows. */
function alone(rows: InsertRow[]): boolean {
  return rows.every(({ before, after }) => before.length + after.length === 0)
}

/** The rows of the outermost table as JSON, and how many rows were written in all. */
type Inserted = { rows: string[]; affected: number }
type Nested = { inserted: Inserted; bound: Bound }

/** What a row points to, then the row, then what points to it. Gives the row's columns that were asked for. */
async function insertNested(
  client: Client,
  insert: Insert,
  row: InsertRow,
  { inserted, bound }: Nested,
  columns: string[] = [],
): Promise<string[] | undefined> {
  const values = new Map(row.values)
  for (const before of row.before) await insertBefore(client, before, { ...row, values }, { inserted, bound })
  const wanted = [...new Set([...columns, ...row.after.flatMap(({ pairs }) => pairs.map(([here]) => here))])]
  const [written] = await send(client, printInsertRow(insert, { ...row, values }, wanted), bound, row.path)
  if (!written) {
    if (row.after.length === 0) return undefined
    throw new RequestError(
      'not-supported',
      row.path,
      `cannot proceed to insert array relations since insert to table "${insert.into.name}" affects zero rows`,
    )
  }
  const [json, held, ...found] = written
  if (held === 'f') throw checkFailed(row.path)
  inserted.affected += 1
  inserted.rows.push(json ?? 'null')
  const columnText = new Map(wanted.map((name, position) => [name, found[position] ?? null]))
  for (const after of row.after) await insertAfter(client, after, columnText, { inserted, bound })
  return columns.map(name => columnText.get(name) ?? '')
}

async function insertBefore(
  client: Client,
  { pairs, name, insert }: InsertRow['before'][number],
  { path, values }: InsertRow,
  { inserted, bound }: Nested,
): Promise<void> {
  const [row] = insert.rows
  if (!row) return
  const apart: Inserted = { rows: [], affected: 0 }
  const there = pairs.map(([, column]) => column)
  const found = await insertNested(client, insert, row, { inserted: apart, bound }, there)
  if (!found)
    throw new RequestError(
      'not-supported',
      `${path}.${name}`,
      `cannot proceed to insert object relation "${name}" since insert to table "${insert.into.name}" affects zero rows`,
    )
  inserted.affected += apart.affected
  pairs.forEach(([here, , type], position) => {
    values.set(here, { from: 'document', value: found[position] ?? null, type })
  })
}

async function insertAfter(
  client: Client,
  { pairs, insert }: InsertRow['after'][number],
  parent: Map<string, string | null>,
  { inserted, bound }: Nested,
): Promise<void> {
  const given = pairs.map(([here, there, type]): [string, Value] => [
    there,
    { from: 'document', value: parent.get(here) ?? null, type },
  ])
  const rows = insert.rows.map(row => ({ ...row, values: new Map([...row.values, ...given]) }))
  if (alone(rows)) {
    inserted.affected += await insertAlone(client, insert, rows, bound)
    return
  }
  const apart: Inserted = { rows: [], affected: 0 }
  for (const row of rows) await insertNested(client, insert, row, { inserted: apart, bound })
  inserted.affected += apart.affected
}

/** Any number of rows in one statement; gives how many were written. */
async function insertAlone(client: Client, insert: Insert, rows: InsertRow[], bound: Bound): Promise<number> {
  const count: MutationOutput = { is: 'response', outputs: [{ key: 'count', is: 'affected_rows' }] }
  const answer = await checked(client, printInsert(insert, rows, count), bound, insert.path)
  const { count: written }: { count: number } = JSON.parse(answer)
  return written
}

/** The first column answers, the second says whether the permission's check held. */
async function checked(client: Client, statement: Statement, bound: Bound, path: string): Promise<string> {
  const [row] = await send(client, statement, bound, path)
  if (row?.[1] === 'f') throw checkFailed(path)
  return row?.[0] ?? 'null'
}

function checkFailed(path: string): RequestError {
  return new RequestError(
    'permission-error',
    path,
    'check constraint of an insert/update permission has failed',
  )
}

async function send(client: Client, { text, values }: Statement, bound: Bound, path: string): Promise<Row[]> {
  const parameters = bind(values, bound).map(asParameterText)
  try {
    return await queryText(client, { text, values: parameters, name: undefined })
  } catch (cause) {
    throw databaseError(cause, path) ?? cause
  }
}
