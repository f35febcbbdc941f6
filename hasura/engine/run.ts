/** Stage 7: one statement, one round trip. What Postgres wrote as JSON is passed through unparsed. */
import type pg from 'pg'
import { fault, RequestError } from './errors.ts'
import { exceeded } from './plan/limits.ts'
import type { Encoded, Value } from './plan/plan.ts'
import { databaseError } from './postgres-errors.ts'
import type { Session } from './session.ts'
import { queryText, type TextRow } from './text-query.ts'

export type Bound = { session: Session; variables: Readonly<Record<string, unknown>> }

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND: 16 bits count them. */
const mostParameters = 65_535

/** The parameters of one execution. */
export function bind(values: Value[], bound: Bound): Encoded[] {
  if (values.length > mostParameters) throw exceeded('the number of parameters', mostParameters)
  return values.map(value => bindOne(value, bound))
}

function bindOne(value: Value, { session, variables }: Bound): Encoded {
  switch (value.from) {
    case 'session':
      return sessionValue(session, value.name)
    case 'session-object':
      return JSON.stringify({ 'x-hasura-role': session.role, ...session.vars })
    case 'document':
      return value.value
    case 'variable':
      return value.read(variables[value.name])
    case 'metadata':
      return value.text
    case 'rows':
      return value.values.map(each => (each ? asParameterText(bindOne(each, { session, variables })) : null))
    case 'list':
      throw new Error('a list is written out before it is bound')
    case 'state':
      throw new Error('what a subscriber has seen is no value of a request')
  }
}

export function sessionValue({ role, vars }: Session, name: string): string {
  const found = name === 'x-hasura-role' ? role : vars[name]
  if (found === undefined) throw new RequestError('not-found', '$', `missing session variable: "${name}"`)
  return found
}

/** A parameter as one text, an array in the form that Postgres writes it. */
export function asParameterText(value: Encoded): string | null {
  if (!Array.isArray(value)) return value
  return `{${value.map(item => (item === null ? 'null' : arrayItem(item))).join(',')}}`
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayItem(text: string): string {
  const plain = /^[\w.+-]+$/.test(text) && text.toLowerCase() !== 'null'
  return plain ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

export type Execution = {
  text: string
  values: Encoded[]
  /** Under which the statement stays prepared. */
  name: string | undefined
  timeMs: number
  signal: AbortSignal | undefined
}

/** Runs one statement; gives its only row. */
export async function runStatement(pool: pg.Pool, execution: Execution): Promise<TextRow> {
  const [row] = await runRows(pool, execution)
  return row ?? []
}

/** Runs one statement; gives its rows as text. */
export function runRows(pool: pg.Pool, execution: Execution): Promise<TextRow[]> {
  const { text, values, name } = execution
  const statement = { text, values: values.map(asParameterText), name }
  return withClient(pool, execution, client => queryText(client, statement))
}

/** Work on one connection, cancelled in Postgres when it takes too long or nobody waits any more. */
export async function withClient<Result>(
  pool: pg.Pool,
  { timeMs, signal }: Pick<Execution, 'timeMs' | 'signal'>,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  if (signal?.aborted) {
    client.release()
    throw fault('$', 'the request was aborted')
  }
  const watch = watchOver(pool, client, timeMs, signal)
  let broken: Error | undefined
  try {
    return await work(client)
  } catch (cause) {
    if (watch.late()) throw fault('$', 'operation exceeded the time limit')
    if (cause instanceof RequestError) throw cause
    const error = databaseError(cause)
    if (!error) broken = cause instanceof Error ? cause : new Error(String(cause))
    throw error ?? cause
  } finally {
    await watch.end()
    client.release(broken)
  }
}

type Watch = { late(): boolean; end(): Promise<void> }

/** Asks Postgres, over a connection of its own, to cancel what this client runs. */
function watchOver(
  pool: pg.Pool,
  client: pg.PoolClient,
  timeMs: number,
  signal: AbortSignal | undefined,
): Watch {
  let late = false
  let cancelling: Promise<void> | undefined
  const cancel = () => {
    cancelling ??= cancelQuery(pool, client)
  }
  const outOfTime = () => {
    late = true
    cancel()
  }
  const timer = timeMs > 0 ? setTimeout(outOfTime, timeMs) : undefined
  signal?.addEventListener('abort', cancel, { once: true })
  return {
    late: () => late,
    async end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      // The cancel request must not meet the next statement of this connection.
      await cancelling
    },
  }
}

async function cancelQuery(pool: pg.Pool, client: pg.PoolClient): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  const { Client } = pool as unknown as { Client: typeof pg.Client }
  const other = new Client(pool.options) as unknown as CancellingClient
  const { connection, host, port } = other
  await new Promise<void>(done => {
    connection.on('connect', () => connection.cancel(processID, secretKey))
    connection.on('error', () => done())
    connection.on('end', () => done())
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}

/** What `pg` has and its types do not show: see Client.prototype.cancel. */
type CancellingClient = {
  host: string
  port: number
  connection: {
    on(event: 'connect' | 'error' | 'end', listener: () => void): void
    connect(port: number | string, host?: string): void
    cancel(processId: number, secretKey: number): void
  }
}
