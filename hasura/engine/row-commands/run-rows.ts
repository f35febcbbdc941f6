/** Runs what a command on rows was planned to be; its errors are said to be at its arguments. */
import { RequestError } from '../errors.ts'
import { parseExact } from '../exact-json.ts'
import type { Args } from '../metadata-api/arguments.ts'
import { list } from '../metadata-api/arguments.ts'
import type { SelectView } from '../model/role-permissions.ts'
import type { Table } from '../model.ts'
import type { Mutation, MutationOutput } from '../mutation/mutation.ts'
import { runMutation } from '../mutation/run-mutation.ts'
import type { Selection } from '../plan/plan.ts'
import { printSelections } from '../print/select.ts'
import { bind, runStatement } from '../run.ts'
import { type Asked, columnOutput, readable, readableColumn } from './permitted-rows.ts'

const mostMs = 60_000
const mostBytes = 50_000_000

export async function runSelection({ pool, session }: Asked, selection: Selection): Promise<unknown> {
  const { text, values } = printSelections([selection], mostBytes)
  const parameters = bind(values, { session, variables: {} })
  const execution = { text, values: parameters, name: undefined, timeMs: mostMs, signal: undefined }
  const [answer, fits] = await runStatement(pool, execution).catch(rethrown)
  if (fits === 'f')
    throw new RequestError('validation-failed', '$.args', `the answer is longer than ${mostBytes} bytes`)
  return parseExact(answer ?? 'null')
}

export async function runWrite({ pool, session, source }: Asked, mutation: Mutation): Promise<unknown> {
  const root = { key: 'rows', name: 'rows', is: 'mutation', source, mutation } as const
  const bound = { session, variables: {}, timeMs: mostMs, signal: undefined }
  const answers = await runMutation(pool, [root], bound).catch(rethrown)
  return parseExact(answers.get('rows') ?? 'null')
}

function rethrown(cause: unknown): never {
  if (!(cause instanceof RequestError)) throw cause
  const { code, message, internal, status } = cause
  throw new RequestError(code, '$.args', message, internal, status)
}

/** How many rows were written and, where it was asked for, what of them may be read. */
export function outputOf(asked: Asked, table: Table, args: Args, view?: SelectView): MutationOutput {
  const count = { key: 'affected_rows', is: 'affected_rows' } as const
  if (args.returning === undefined || args.returning === null) return { is: 'response', outputs: [count] }
  const why = '; "returning" can only be used if the role has "select" permission on the table'
  const seen = view ?? readable(asked, table, why)
  const outputs = list(args, 'returning').map(name =>
    columnOutput(asked, table, seen, readableColumn(asked, table, seen, String(name), '$.args.returning')),
  )
  return { is: 'response', outputs: [count, { key: 'returning', is: 'returning', outputs }] }
}

/** Nobody would ask the webhook that validates what is written. */
export function refuseValidated(view: { validateInput?: unknown }): void {
  if (view.validateInput)
    throw new RequestError(
      'not-supported',
      '$.args',
      'the input of this permission is validated by a webhook, which only GraphQL asks',
    )
}
