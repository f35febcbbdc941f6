import type { LogEntry } from './call.ts'
import type { Catalog } from './catalog.ts'
import type { EventBody } from './event-record.ts'

/** Where events go: a web hook (`authorization` is the whole header value), or a function in the same process. */
export type EventTarget = { url: string; authorization: string } | ((body: EventBody) => Promise<void>)

/**
 * Tells somebody of every new object, at least once. `add` writes the event in the transaction that stores the object,
 * so neither a kill nor a receiver that is down loses it. It is tried again with longer and longer pauses, about half
 * an hour in all, then dropped with a log line: the media service's sweep finds such objects by itself.
 */
export type EventQueue = {
  add: (body: EventBody) => void
  /** look for events that are due now; called after the transaction of `add` */
  wake: () => void
  close: () => Promise<void>
}

const maxAttempts = 12
const maxPending = 10_000
const timeoutMs = 10_000
const pauseMs = (attempt: number) => Math.min(500 * 2 ** attempt, 300_000)

export function createEventQueue(options: {
  catalog: Catalog
  target: EventTarget
  log: (entry: LogEntry) => void
}): EventQueue {
  const { catalog, log } = options
  const stop = new AbortController()
  const send = typeof options.target === 'function' ? options.target : webHook(options.target, stop.signal)
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  function add(body: EventBody): void {
    const pending = Number(catalog.prepare('select count(*) as n from events').get()?.n)
    if (pending >= maxPending) {
      log({ level: 'warn', msg: 'event dropped: too many are waiting', pending })
      return
    }
    catalog.prepare('insert into events (record, due_ms) values (?, ?)').run(JSON.stringify(body), Date.now())
  }

  function wake(): void {
    if (stop.signal.aborted || running) return
    clearTimeout(timer)
    running = deliverDue().finally(() => {
      running = undefined
      scheduleNext()
    })
  }

  function scheduleNext(): void {
    if (stop.signal.aborted) return
    const next = catalog.prepare('select min(due_ms) as due from events').get()?.due
    if (next === null || next === undefined) return
    timer = setTimeout(wake, Math.max(Number(next) - Date.now(), 0))
    timer.unref()
  }

  async function deliverDue(): Promise<void> {
    while (!stop.signal.aborted) {
      const row = catalog
        .prepare('select id, record, attempts from events where due_ms <= ? order by due_ms, id limit 1')
        .get(Date.now())
      if (!row) return
      const attempts = Number(row.attempts) + 1
      const failure = await send(JSON.parse(String(row.record))).then(() => undefined, String)
      if (stop.signal.aborted) return
      if (failure === undefined || attempts >= maxAttempts) {
        catalog.prepare('delete from events where id = ?').run(row.id ?? null)
      } else {
        catalog
          .prepare('update events set attempts = ?, due_ms = ? where id = ?')
          .run(attempts, Date.now() + pauseMs(attempts), row.id ?? null)
      }
      if (failure === undefined) continue
      const msg = attempts >= maxAttempts ? 'event given up' : 'event not delivered, will be tried again'
      log({ level: 'warn', msg, attempts, failure })
    }
  }

  async function close(): Promise<void> {
    stop.abort()
    clearTimeout(timer)
    await running
  }

  return { add, wake, close }
}

function webHook({ url, authorization }: { url: string; authorization: string }, stop: AbortSignal) {
  return async (body: EventBody): Promise<void> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the receiver answered ${response.status}`)
  }
}
