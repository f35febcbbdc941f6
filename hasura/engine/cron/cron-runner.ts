/** Plans the times of cron triggers ahead, and calls the webhooks of what is due. */
import type pg from 'pg'
import type { EngineControl } from '../engine.ts'
import { deliver, type Invocation, notSent, type Retry } from '../events/deliver.ts'
import type { HeaderMetadata, Metadata } from '../metadata-types.ts'
import { type Environment, filled, headersOf } from '../webhook/settings.ts'
import { transformRequest } from '../webhook/transform.ts'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import {
  ahead,
  claimDue,
  type Finish,
  finishDue,
  plan,
  prepareSchedule,
  type Scheduled,
  timeOf,
  unplan,
  unplanOthers,
} from './catalog.ts'
import { cronTriggers, nextTimes, scheduleFault } from './schedule.ts'

export type CronTrigger = {
  name: string
  webhook: string
  schedule: string
  payload?: unknown
  headers?: HeaderMetadata[]
  retry_conf?: Record<string, number>
  request_transform?: unknown
  comment?: string | null
}
export type CronOptions = {
  control: EngineControl
  client: WebhookClient
  env?: Environment
  /** The source that keeps the schedule. */
  source?: string
  intervalMs?: number
  /** After this long a claimed event is anybody's. Longer than any webhook may take, as it is by itself. */
  leaseSeconds?: number
  onError?: (error: unknown) => void
}
export type CronRunner = {
  /** After the metadata changed. */
  sync(): Promise<void>
  pool(): pg.Pool | undefined
  close(): Promise<void>
}

const plannedAhead = 100
/** A hundred times are a hundred minutes at least. */
const lookEveryMs = 60_000
const atOnce = 50
const defaults = {
  num_retries: 0,
  retry_interval_seconds: 10,
  timeout_seconds: 60,
  tolerance_seconds: 21_600,
}

export function createCronRunner(options: CronOptions): CronRunner {
  const { control, intervalMs = 1000, onError = () => undefined } = options
  /** The schedules that the planned times are of, and when they were last looked at. */
  const known = new Map<string, { schedule: string; lookedAtMs: number }>()
  const busy = new Set<Promise<void>>()
  let used = false
  let running: Promise<void> | undefined
  let closed = false
  const pool = () => {
    const { sources } = control.current().metadata
    const name = options.source ?? sources[0]?.name
    return name === undefined ? undefined : control.pool(name)
  }
  const planAll = async () => {
    const to = pool()
    const triggers = sound(control.current().metadata)
    if (!to || (triggers.length === 0 && known.size === 0)) return
    await prepareSchedule(to)
    used = true
    for (const name of [...known.keys()])
      if (!triggers.some(each => each.name === name)) {
        known.delete(name)
        await unplan(to, name)
      }
    for (const trigger of triggers) await planOne(to, trigger).catch(onError)
  }
  const planOne = async (to: pg.Pool, { name, schedule }: CronTrigger) => {
    const before = known.get(name)
    const lookedAtMs = performance.now()
    if (before?.schedule === schedule && lookedAtMs - before.lookedAtMs < lookEveryMs) return
    const now = await timeOf(to)
    // Another schedule, or one of before this process: what it is no more does not happen.
    if (before?.schedule !== schedule) await unplanOthers(to, name, nextTimes(schedule, now, plannedAhead))
    const { count, last } = await ahead(to, name)
    if (count < plannedAhead / 2) await plan(to, name, nextTimes(schedule, last ?? now, plannedAhead - count))
    known.set(name, { schedule, lookedAtMs })
  }
  const deliverAll = async () => {
    const from = pool()
    if (!from || !(used || (await exists(from)))) return
    used = true
    // A webhook that takes its time holds up nobody else's.
    if (busy.size >= atOnce) return
    const lease = options.leaseSeconds ?? Math.max(600, 60 + longestSeconds(control.current().metadata))
    for (const event of await claimDue(from, atOnce - busy.size, lease)) {
      const work: Promise<void> = deliverDue(options, from, event)
        .catch(onError)
        .finally(() => busy.delete(work))
      busy.add(work)
    }
  }
  const tick = () => {
    if (closed || running) return
    running = planAll()
      .catch(onError)
      .then(deliverAll)
      .catch(onError)
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(tick, intervalMs)
  timer.unref()
  return {
    pool,
    async sync() {
      await running
      await planAll()
    },
    async close() {
      closed = true
      clearInterval(timer)
      await running
      await Promise.all(busy)
    },
  }
}

/** What the slowest webhook of a cron trigger may take. Single events bring their own, which create_scheduled_event bounds. */
function longestSeconds(metadata: Metadata): number {
  const timeouts = cronTriggers(metadata).map(({ retry_conf }) => retry_conf?.timeout_seconds ?? 0)
  return Math.max(defaults.timeout_seconds, ...timeouts)
}

const soundOf = new WeakMap<Metadata, CronTrigger[]>()

/** The others are listed as inconsistent. */
function sound(metadata: Metadata): CronTrigger[] {
  const known = soundOf.get(metadata)
  if (known) return known
  const triggers = cronTriggers(metadata).filter(({ schedule }) => scheduleFault(schedule) === undefined)
  soundOf.set(metadata, triggers)
  return triggers
}

async function exists(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(
    `select to_regclass('hdb_catalog.hdb_scheduled_events') is not null as found`,
  )
  return rows[0]?.found ?? false
}

async function deliverDue(options: CronOptions, pool: pg.Pool, event: Scheduled): Promise<void> {
  const { control } = options
  const trigger =
    event.kind === 'cron'
      ? cronTriggers(control.current().metadata).find(({ name }) => name === event.trigger_name)
      : undefined
  const conf = { ...defaults, ...(trigger?.retry_conf ?? event.retry_conf ?? {}) }
  const late = (Date.now() - Date.parse(event.scheduled_time)) / 1000
  // A server that was away for long does not catch up with everything it missed.
  const gone = event.kind === 'cron' && !trigger
  if (gone || late > conf.tolerance_seconds) return finishDue(pool, event, { status: 'dead' })
  const retry: Retry = {
    retries: conf.num_retries,
    intervalSeconds: conf.retry_interval_seconds,
    timeoutSeconds: conf.timeout_seconds,
  }
  const body = {
    scheduled_time: event.scheduled_time,
    payload: trigger ? (trigger.payload ?? null) : event.payload,
    name: trigger?.name ?? null,
    id: event.id,
    ...(event.kind === 'single' ? { created_at: event.created_at } : {}),
    ...((trigger?.comment ?? event.comment) ? { comment: trigger?.comment ?? event.comment } : {}),
  }
  const { finish, invocation } = await called(options, event, { trigger, retry, body }).catch(
    (cause: unknown): Called => {
      options.onError?.(cause)
      // What cannot be made into a request will not be the next time either.
      return { finish: { status: 'error' }, invocation: notSent(body, cause) }
    },
  )
  await finishDue(pool, event, finish, invocation)
}

type Called = { finish: Finish; invocation: Invocation }

async function called(
  { client, env = {} }: CronOptions,
  event: Scheduled,
  { trigger, retry, body }: { trigger: CronTrigger | undefined; retry: Retry; body: unknown },
): Promise<Called> {
  const outgoing = transformRequest(trigger?.request_transform, {
    baseUrl: filled(trigger?.webhook ?? event.webhook ?? '', env),
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...headersOf(trigger?.headers ?? event.header_conf, env),
    },
    session: undefined,
  })
  const { outcome, invocation } = await deliver(client, outgoing, { retry, tries: event.tries, shown: body })
  const finish: Finish =
    outcome.is === 'retry'
      ? { status: 'scheduled', afterSeconds: outcome.afterSeconds }
      : { status: outcome.is === 'delivered' ? 'delivered' : 'error' }
  return { finish, invocation }
}
