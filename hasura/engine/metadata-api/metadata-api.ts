/**
 * `/v1/metadata`: commands over the one metadata object in memory, for admin alone. The same commands answer at
 * `/v1/query` by their older names, and run_sql at `/v2/query`.
 *
 * Source: https://hasura.io/docs/2.0/api-reference/metadata-api/index/
 */
import type { EngineControl } from '../engine.ts'
import { RequestError } from '../errors.ts'
import { edits } from '../metadata-edits/edits.ts'
import type { Metadata } from '../metadata-types.ts'
import { admin } from '../model/role-permissions.ts'
import type { Session } from '../session.ts'
import { type Act, acts } from './acts.ts'
import { type Args, isObject, objectArgs, text } from './arguments.ts'
import { catalogStateActs } from './catalog-state.ts'
import { checkChange, checkNames } from './check-change.ts'
import { refusedCommand } from './not-served.ts'
import { runSql } from './run-sql.ts'
import { createTurns } from './turns.ts'

export type MetadataApiOptions = {
  control: EngineControl
  /** run_sql may do anything that the database's role may: off unless this is true. */
  allowRunSql?: boolean
  /** Told after each change, in turn: where the metadata is kept, if it is. */
  onChange?: (metadata: Metadata, resourceVersion: number) => Promise<void>
  /** Told after clear_metadata: what other parts keep in the databases goes as well. */
  onClear?: (before: Metadata) => Promise<void>
  /** Commands of other parts, by name: events, actions, tests of webhooks. */
  acts?: Record<string, Act>
  /** The environment that `from_env` reads. */
  env?: Readonly<Record<string, string | undefined>>
}
/** Where a command came in: it decides where the paths of its errors begin. */
export type Door = 'metadata' | 'query'

export type MetadataApi = {
  /** Runs a command, or a bulk of them. Throws a RequestError. */
  run(request: { body: unknown; session: Session; door: Door }): Promise<unknown>
  resourceVersion(): number
}

export const success = { message: 'success' }
const mostInBulk = 1000

export type ApiContext = MetadataApiOptions & {
  session: Session
  change(
    make: (draft: Metadata) => Promise<{ answer?: unknown; touched?: { type: string; name: string }[] }>,
    allowInconsistent?: boolean,
  ): Promise<unknown>
  /** Puts a state in force that was checked before. */
  put(state: EngineState): Promise<void>
  resourceVersion(): number
}
type EngineState = ReturnType<EngineControl['current']>

export function createMetadataApi(options: MetadataApiOptions): MetadataApi {
  const turns = createTurns()
  const { control } = options
  // Where the metadata's first source is: a real Hasura has a database of its own for it.
  const ofState = catalogStateActs(() => {
    const [first] = control.current().metadata.sources
    return first && control.pool(first.name)
  })
  const further = { ...ofState, ...options.acts }
  let version = 1
  const put = async (state: EngineState) => {
    await control.use(state)
    version += 1
    await options.onChange?.(state.metadata, version)
  }
  const contextOf = (session: Session): ApiContext => ({
    ...options,
    acts: further,
    session,
    put,
    resourceVersion: () => version,
    async change(make, allowInconsistent = false) {
      const before = control.current()
      const draft = structuredClone(before.metadata)
      const { answer = success, touched = [] } = await make(draft)
      const after = await control.load(draft)
      if (allowInconsistent) checkNames(before, after)
      else checkChange(before, after, touched)
      await put(after)
      return answer
    },
  })
  return {
    resourceVersion: () => version,
    run: ({ body, session, door }) =>
      turns(async () => {
        const command = objectArgs(body)
        // Before anything is said of the metadata, its version among it.
        if (session.role !== admin && !(door === 'query' && isAboutRows(command)))
          throw new RequestError('access-denied', '$.args', 'restricted access : admin only')
        const wanted = command.resource_version
        if (typeof wanted === 'number' && wanted !== version)
          throw new RequestError(
            'conflict',
            '$',
            `metadata resource version referenced (${wanted}) did not match current version`,
            undefined,
            409,
          )
        return runCommand(contextOf(session), command, door)
      }),
  }
}

const rowCommands = new Set(['select', 'insert', 'update', 'delete', 'count'])

/** What every role may send, within its permissions; a bulk when all that is in it may. */
function isAboutRows({ type, args }: Args): boolean {
  if (type === 'bulk') return Array.isArray(args) && args.every(each => isObject(each) && isAboutRows(each))
  return typeof type === 'string' && rowCommands.has(type.replace(/^(pg|postgres)_/, ''))
}

async function runCommand(context: ApiContext, command: Args, door: Door): Promise<unknown> {
  const type = text(command, 'type')
  const { args = {}, version } = command
  if (typeof version === 'number' && version !== 1 && version !== 2)
    throw new RequestError('parse-failed', '$.version', `expected 1 or 2, encountered ${version}`)
  switch (type) {
    case 'bulk':
      return bulk(context, args, door)
    case 'bulk_keep_going':
      return bulkKeepGoing(context, args, door)
    case 'bulk_atomic':
      return bulkAtomic(context, args, door)
    case 'concurrent_bulk':
      return bulk(context, args, door)
    default:
      return runOne(context, { type, args: args ?? {}, version }, door)
  }
}

/** A command's name comes from outside: `constructor` is none. */
function own<Value>(commands: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined
}

/** `pg_track_table` is `track_table` of a Postgres source. */
function nameOf(type: string): { name: string; prefixed: boolean } {
  const prefixed = /^(pg|postgres)_/.test(type) && !Object.hasOwn(acts, type)
  return { name: prefixed ? type.replace(/^(pg|postgres)_/, '') : type, prefixed }
}

async function runOne(
  context: ApiContext,
  { type, args, version }: { type: string; args: unknown; version: unknown },
  door: Door,
): Promise<unknown> {
  const { name, prefixed } = nameOf(type)
  const edit = own(edits, name)
  const act = own(acts, name) ?? own(context.acts ?? {}, name)
  try {
    if (edit)
      return await context.change(async draft => edit(draft, argsOf(name, args), context.control.current()))
    if (name === 'run_sql') return await runSql(context, objectArgs(args))
    if (act) return await act(context, argsOf(name, args), { version })
  } catch (cause) {
    throw cause instanceof RequestError ? placed(cause, { name, prefixed, door }) : cause
  }
  throw refusedCommand(name, args)
}

/** The first version of some commands has a name alone for arguments. */
function argsOf(name: string, args: unknown): Args {
  if (typeof args === 'string' && ['track_table', 'track_function', 'untrack_function'].includes(name))
    return { name: args }
  return objectArgs(args)
}

/** Faults of reading arguments know their place in these; at /v1/metadata the place is told from the top. */
function placed(
  error: RequestError,
  { name, prefixed, door }: { name: string; prefixed: boolean; door: Door },
): RequestError {
  if (error.code !== 'parse-failed' || door === 'query' || error.path.startsWith('$.args')) return error
  const message = prefixed
    ? `Error when parsing command ${name}.\nSee our documentation at https://hasura.io/docs/latest/graphql/core/api-reference/metadata-api/index.html#metadata-apis.\nInternal error message: ${error.message}`
    : error.message
  return new RequestError(error.code, `$.args${error.path.slice(1)}`, message, error.internal, error.status)
}

function commandsOf(args: unknown): Args[] {
  if (!Array.isArray(args))
    throw new RequestError('parse-failed', '$.args', 'parsing [] failed, expected Array')
  if (args.length > mostInBulk)
    throw new RequestError('validation-failed', '$.args', `a bulk has at most ${mostInBulk} commands`)
  return args.map(objectArgs)
}

async function bulk(context: ApiContext, args: unknown, door: Door): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const [position, command] of commandsOf(args).entries())
    answers.push(
      await runCommand(context, command, door).catch(cause => Promise.reject(within(cause, position))),
    )
  return answers
}

/** `$.args` of the third command is `$.args[2].args` of the bulk. */
function within(cause: unknown, position: number): unknown {
  if (!(cause instanceof RequestError)) return cause
  const path = `$.args[${position}]${cause.path.slice(1)}`
  return new RequestError(cause.code, path, cause.message, cause.internal, cause.status)
}

async function bulkKeepGoing(context: ApiContext, args: unknown, door: Door): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const [position, command] of commandsOf(args).entries())
    try {
      answers.push(await runCommand(context, command, door))
    } catch (cause) {
      if (!(cause instanceof RequestError)) throw cause
      const { code, path, message, internal } = within(cause, position) as RequestError
      answers.push({ code, error: message, path, internal })
    }
  return answers
}

/** All of it or nothing, looked at once all is done. */
async function bulkAtomic(context: ApiContext, args: unknown, door: Door): Promise<unknown> {
  const commands = commandsOf(args)
  const before = context.control.current()
  try {
    await context.change(async draft => {
      for (const command of commands) {
        const { name, prefixed } = nameOf(text(command, 'type'))
        const edit = own(edits, name)
        if (!edit) throw new RequestError('bad-request', '$.args', `${name} is not supported in bulk_atomic`)
        try {
          await edit(draft, argsOf(name, command.args ?? {}), before)
        } catch (cause) {
          throw cause instanceof RequestError ? placed(cause, { name, prefixed, door }) : cause
        }
      }
      return {}
    })
  } catch (cause) {
    if (
      !(cause instanceof RequestError) ||
      cause.message !== 'cannot continue due to new inconsistent metadata'
    )
      throw cause
    throw new RequestError('bad-request', '$.args', 'Schema inconsistency', [cause.internal])
  }
  return success
}
