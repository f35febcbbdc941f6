/** All subscriptions of an engine: a poller per statement, found again by whoever asks the same. */
import type pg from 'pg'
import { mayMeet, type Touched } from '../plan/touched.ts'
import { createTurns } from './at-a-time.ts'
import { createRunBatch } from './batch.ts'
import type { Listener } from './listener.ts'
import { createPoller, type Poller, type Shape } from './poller.ts'
import { createRepeated, type Repeated } from './repeated.ts'

export type LiveOptions = {
  /** How often everything is asked again; writes of this process do not wait for it. */
  intervalMs?: number | undefined
  /** Subscribers in one statement. */
  batchSize?: number | undefined
  /** Statements at a time on one source. */
  concurrency?: number | undefined
  onError?: ((error: unknown) => void) | undefined
}

export type Subscribing = {
  shape: Shape
  /** What a write must touch to matter. */
  reads: Touched
  values: (string | null)[]
  state: string | null
}

/** A subscription whose answer is asked for again and again. */
export type Repeating = { ask(): Promise<string> }

export type LiveFigures = { pollers: number; cohorts: number; listeners: number }

export type Live = {
  add(subscribing: Subscribing, listener: Listener): () => void
  repeat(repeating: Repeating, listener: Listener): () => void
  /** Asks again at once for what is repeated. */
  refreshRepeated(): void
  /** Refreshes what reads the tables that were written. */
  written(source: string, tables: Touched): void
  /** Ends every subscription: what they were planned with is no longer true. */
  end(): void
  figures(): LiveFigures
}

type Known = { poller: Poller; source: string; reads: Touched }

export function createLive(
  pools: Readonly<Record<string, pg.Pool>>,
  { intervalMs = 1000, batchSize = 100, concurrency = 2, onError = () => undefined }: LiveOptions,
): Live {
  const pollers = new Map<string, Known>()
  const run = createRunBatch({ pools, concurrency, onError })
  const repeated = new Map<Repeated, Listener>()
  const turns = createTurns(concurrency)
  return {
    add({ shape, reads, values, state }, listener) {
      const key = `${shape.source}\0${shape.statement.text}`
      const known = pollers.get(key) ?? {
        poller: createPoller(shape, { intervalMs, batchSize, run }),
        source: shape.source,
        reads,
      }
      pollers.set(key, known)
      const leave = known.poller.add(values, state, listener)
      return () => {
        leave()
        if (known.poller.isEmpty() && pollers.get(key) === known) pollers.delete(key)
      }
    },
    repeat({ ask }, listener) {
      const one = createRepeated(ask, listener, { intervalMs, turns, onError })
      repeated.set(one, listener)
      return () => {
        one.end()
        repeated.delete(one)
      }
    },
    refreshRepeated() {
      for (const one of repeated.keys()) one.refresh()
    },
    written(source, tables) {
      for (const known of pollers.values())
        if (known.source === source && mayMeet(known.reads, tables)) known.poller.refresh()
    },
    end() {
      const all = [...pollers.values()]
      pollers.clear()
      for (const { poller } of all) poller.end()
      const others = [...repeated]
      repeated.clear()
      for (const [one, listener] of others) {
        one.end()
        listener.ended()
      }
    },
    figures() {
      const sizes = [...pollers.values()].map(({ poller }) => poller.size())
      return {
        pollers: sizes.length + repeated.size,
        cohorts: sizes.reduce((sum, { cohorts }) => sum + cohorts, repeated.size),
        listeners: sizes.reduce((sum, { listeners }) => sum + listeners, repeated.size),
      }
    },
  }
}
