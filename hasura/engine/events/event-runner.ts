/** Fetches the events of all sources and delivers them, so many at once; keeps the sources' triggers as the metadata wants. */
import type pg from 'pg'
import type { EngineControl } from '../engine.ts'
import type { EventTriggerMetadata } from '../metadata-types.ts'
import { qualified } from '../model/building.ts'
import { isBigNumber } from '../model/scalar-names.ts'
import { qualifiedKey } from '../model.ts'
import type { State } from '../state.ts'
import type { Environment } from '../webhook/settings.ts'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import { syncTriggers, type WantedTrigger } from './catalog.ts'
import { createCleaner } from './cleanup.ts'
import { deliverEvent, retryOf } from './deliver.ts'
import {
  archiveEvent,
  claimEvents,
  finishEvent,
  hasEventLog,
  type LoggedEvent,
  unlockEvents,
} from './event-log.ts'

export type EventOptions = {
  control: EngineControl
  client: WebhookClient
  env?: Environment
  /** Webhooks under way at the same time. */
  atOnce?: number
  /** Events fetched at a time; twice as many are held at most. */
  batch?: number
  intervalMs?: number
  /**
   * After this long a fetched event is anybody's: its process has gone. Longer than any webhook may take: otherwise ten
   * minutes, or three times what the slowest may.
   */
  leaseSeconds?: number
  /** Numbers that JavaScript cannot hold are sent as strings. */
  stringify?: boolean
  onError?: (error: unknown) => void
}
export type EventRunner = {
  /** Makes the triggers in the databases those of the metadata in force. Throws the first fault when all were tried. */
  sync(): Promise<void>
  /** Looks for events at once. */
  wake(): void
  /** Waits for the webhooks under way; what was fetched and not yet sent is anybody's again. */
  close(): Promise<void>
}

/** A schedule has no times between its minutes. */
const cleanEveryMs = 30_000

/** `untilMs`: later than this a webhook might still be at it when the event is anybody's. */
type Held = { pool: pg.Pool; event: LoggedEvent; untilMs: number }

export function createEventRunner(options: EventOptions): EventRunner {
  const { control, atOnce = 100, batch = 100, intervalMs = 1000 } = options
  const onError = options.onError ?? (() => undefined)
  const waiting: Held[] = []
  const busy = new Set<Promise<void>>()
  let fetching: Promise<void> | undefined
  let more = false
  let closed = false
  const fill = () => {
    while (!closed && busy.size < atOnce) {
      const next = waiting.shift()
      if (!next) break
      const work: Promise<void> = deliverOne(options, next)
        .catch(onError)
        .finally(() => {
          busy.delete(work)
          fill()
        })
      busy.add(work)
    }
    // Only where the last fetch left something behind; otherwise the timer looks.
    if (more && waiting.length < batch / 2) wake()
  }
  /** The database to be asked first: each in turn, so that one with many events does not keep the others waiting. */
  let first = 0
  const fetchAll = async () => {
    more = false
    const pools = poolsWithTriggers(control)
    first = (first + 1) % Math.max(1, pools.length)
    // A database that is away is no reason to leave the others alone.
    for (const pool of [...pools.slice(first), ...pools.slice(0, first)]) await fetchFrom(pool).catch(onError)
  }
  const fetchFrom = async (pool: pg.Pool) => {
    if (closed || !(await hasEventLog(pool))) return
    if (waiting.length > batch) {
      more = true
      return
    }
    const longest = longestSeconds(control)
    const lease = options.leaseSeconds ?? Math.max(600, 3 * longest)
    const untilMs = lease > longest ? performance.now() + (lease - longest) * 1000 : Number.POSITIVE_INFINITY
    const events = await claimEvents(pool, batch, lease)
    waiting.push(...events.map(event => ({ pool, event, untilMs })))
    if (events.length === batch) more = true
  }
  function wake(): void {
    if (closed || fetching) return
    fetching = fetchAll()
      .catch(onError)
      .finally(() => {
        fetching = undefined
        fill()
      })
  }
  const timer = setInterval(wake, intervalMs)
  timer.unref()
  const cleaner = createCleaner(control, onError)
  let cleaning: Promise<void> | undefined
  const clean = () => {
    cleaning ??= cleaner
      .turn(new Date())
      .catch(onError)
      .finally(() => {
        cleaning = undefined
      })
  }
  const cleanTimer = setInterval(clean, cleanEveryMs)
  cleanTimer.unref()
  clean()
  return {
    wake,
    async sync() {
      const state = control.current()
      const faults: unknown[] = []
      for (const { name } of state.metadata.sources) {
        const pool = control.pool(name)
        if (pool)
          await syncSource(state, name, pool, options.stringify ?? false).catch(cause => faults.push(cause))
      }
      wake()
      if (faults.length > 0) throw faults[0]
    },
    async close() {
      closed = true
      clearInterval(timer)
      clearInterval(cleanTimer)
      await fetching
      await cleaning
      await Promise.all(busy)
      for (const [pool, held] of Map.groupBy(waiting, each => each.pool))
        await unlockEvents(
          pool,
          held.map(({ event }) => event.id),
        ).catch(onError)
    },
  }
}

function poolsWithTriggers(control: EngineControl): pg.Pool[] {
  const pools = new Set<pg.Pool>()
  for (const source of control.current().metadata.sources) {
    const any = source.tables?.some(({ event_triggers }) => (event_triggers?.length ?? 0) > 0)
    const pool = any ? control.pool(source.name) : undefined
    if (pool) pools.add(pool)
  }
  return [...pools]
}

/** The time that the slowest webhook may take. */
function longestSeconds(control: EngineControl): number {
  const triggers = control
    .current()
    .metadata.sources.flatMap(({ tables = [] }) =>
      tables.flatMap(({ event_triggers = [] }) => event_triggers),
    )
  return Math.max(1, ...triggers.map(trigger => retryOf(trigger).timeoutSeconds))
}

async function syncSource(state: State, source: string, pool: pg.Pool, stringify: boolean): Promise<void> {
  const wanted = wantedOf(state, source, stringify)
  // A database that never had events is left alone.
  if (wanted.length === 0 && !(await hasEventLog(pool))) return
  await syncTriggers(pool, wanted)
}

function wantedOf(state: State, source: string, stringify: boolean): WantedTrigger[] {
  const tables = state.model.tablesBySource.get(source)
  const entries = state.metadata.sources.find(({ name }) => name === source)?.tables ?? []
  return entries.flatMap(({ table, event_triggers = [] }) => {
    const found = tables?.get(qualifiedKey(qualified(table)))
    if (!found) return []
    const columns = found.columns.map(({ name, type }) => ({ name, text: stringify && isBigNumber(type) }))
    return event_triggers.map(trigger => ({
      trigger,
      table: { schema: found.schema, name: found.name, columns },
    }))
  })
}

export function triggerNamed(
  { metadata }: State,
  name: string,
): { trigger: EventTriggerMetadata; source: string; table: { schema: string; name: string } } | undefined {
  for (const source of metadata.sources)
    for (const { table, event_triggers = [] } of source.tables ?? []) {
      const trigger = event_triggers.find(each => each.name === name)
      if (trigger) return { trigger, source: source.name, table: qualified(table) }
    }
  return undefined
}

async function deliverOne(
  { control, client, env = {} }: EventOptions,
  { pool, event, untilMs }: Held,
): Promise<void> {
  // It waited here for so long that another may have taken it; if none has, the next fetch does.
  if (performance.now() > untilMs) return
  const found = triggerNamed(control.current(), event.trigger_name)
  if (!found) return archiveEvent(pool, event.id)
  const { outcome, invocation } = await deliverEvent(client, env, { trigger: found.trigger, event })
  await finishEvent(pool, event, outcome, invocation)
}
