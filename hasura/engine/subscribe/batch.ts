/** One batch of subscribers → one statement. Whoever makes it fail is found and told apart from the others. */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import { exceeded } from '../plan/limits.ts'
import { runRows } from '../run.ts'
import { createTurns, type Turns } from './at-a-time.ts'
import type { Found, RunBatch, Shape } from './poller.ts'

type Rows = Parameters<RunBatch>[1]

export type BatchOptions = {
  pools: Readonly<Record<string, pg.Pool>>
  /** Statements at a time on one source, so that subscriptions leave connections to requests. */
  concurrency: number
  /** What is no fault of a subscriber: a lost connection. */
  onError(error: unknown): void
}

export function createRunBatch(options: BatchOptions): RunBatch {
  const turns = new Map<string, Turns>()
  return async (shape, rows) => {
    const turn = turns.get(shape.source) ?? createTurns(options.concurrency)
    turns.set(shape.source, turn)
    return turn(() => runOrSplit(options, shape, rows))
  }
}

async function runOrSplit(options: BatchOptions, shape: Shape, rows: Rows): Promise<Found[]> {
  try {
    return await runStatement(options, shape, rows)
  } catch (cause) {
    if (!(cause instanceof RequestError)) {
      options.onError(cause)
      const error = new RequestError('unexpected', '$', 'database query error')
      return rows.map(() => ({ error }))
    }
    // Only what Postgres said of a value is about one subscriber; being late is about all.
    if (rows.length === 1 || cause.internal === undefined) return rows.map(() => ({ error: cause }))
    const half = Math.ceil(rows.length / 2)
    const left = await runOrSplit(options, shape, rows.slice(0, half))
    return [...left, ...(await runOrSplit(options, shape, rows.slice(half)))]
  }
}

async function runStatement({ pools }: BatchOptions, shape: Shape, rows: Rows): Promise<Found[]> {
  const pool = pools[shape.source]
  if (!pool) throw new RequestError('unexpected', '$', `source "${shape.source}" is not connected`)
  const { name, statement } = shape
  const { text, values } = statement
  const parameters = [
    rows.map(({ state }) => state),
    ...values.map((_, column) => rows.map(row => row.values[column] ?? null)),
  ]
  const answers = await runRows(pool, {
    text,
    values: parameters,
    name,
    timeMs: shape.timeMs,
    signal: undefined,
  })
  const found: Found[] = rows.map(({ state }) => ({ state, root: null }))
  for (const [number, state = null, root = null, fits] of answers)
    found[Number(number) - 1] =
      fits === 'f' ? { error: exceeded('the size of the answer in bytes', shape.mostBytes) } : { state, root }
  return found
}
