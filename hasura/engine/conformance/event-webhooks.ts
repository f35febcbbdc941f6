/** The webhooks of the event vectors: everything that arrives is kept, some paths answer late or badly. */
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Results } from './expressions.ts'
import type { Step } from './vectors.ts'
import { type Received, startWebhookServer } from './webhook-server.ts'

type Delivery = { path: string; body: unknown; headers: Record<string, string> }
export type EventWebhooks = {
  url: string
  /** What assertions look at while it changes. */
  figures: { readonly blocked_count: number }
  run(step: Step, results: Results): Promise<string | undefined> | undefined
  close(): Promise<void>
}

/** When nothing is expected, this long nothing must come. */
const silenceMs = 600

export async function startEventWebhooks(): Promise<EventWebhooks> {
  const arrived: Delivery[] = []
  let unblock = () => {}
  const unblocked = new Promise<void>(done => {
    unblock = done
  })
  let blocked = 0
  const server = await startWebhookServer(async ({ path, body, headers }: Received) => {
    if (path === '/sleep_2s') await wait(2000)
    if (path === '/block') {
      blocked += 1
      await unblocked
      blocked -= 1
    }
    const own = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
    arrived.push({ path, body, headers: own })
    return { status: path === '/fail' ? 500 : 204 }
  })
  const next = async (timeoutMs: number): Promise<Delivery | undefined> => {
    const end = Date.now() + timeoutMs
    while (arrived.length === 0 && Date.now() < end) await wait(10)
    return arrived.shift()
  }
  return {
    url: server.url,
    figures: {
      get blocked_count() {
        return blocked
      },
    },
    run(step, results) {
      if (isObject(step.expect_event)) return expectEvent(step.expect_event, next)
      if (isObject(step.expect_event_transformed))
        return expectTransformed(step.expect_event_transformed, next)
      if (step.webhook_unblock !== undefined) {
        unblock()
        return Promise.resolve(undefined)
      }
      if (step.webhook_receive === undefined) return undefined
      return next(Number(step.timeout ?? 5) * 1000).then(delivery => {
        if (typeof step.id === 'string') results.set(step.id, delivery)
        return delivery ? undefined : 'no webhook was called'
      })
    },
    close: server.close,
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Next = (timeoutMs: number) => Promise<Delivery | undefined>

async function expectEvent(expected: Record<string, unknown>, next: Next): Promise<string | undefined> {
  const delivery = await next(Math.max(silenceMs, Number(expected.timeout_s ?? 3) * 1000))
  if (!delivery) return 'no event was delivered'
  const body = isObject(delivery.body) ? delivery.body : {}
  const event = isObject(body.event) ? body.event : {}
  const got = {
    trigger: isObject(body.trigger) ? body.trigger.name : undefined,
    table: body.table,
    op: event.op,
    data: event.data,
    session_variables: event.session_variables,
    current_retry: isObject(body.delivery_info) ? body.delivery_info.current_retry : undefined,
    webhook_path: delivery.path,
  }
  const wanted = Object.fromEntries(Object.keys(got).map(key => [key, expected[key]]))
  if (!isDeepStrictEqual(got, wanted))
    return `event\n  wanted ${JSON.stringify(wanted)}\n  got    ${JSON.stringify(got)}`
  return headersFault(expected.headers, delivery)
}

function headersFault(expected: unknown, { headers }: Delivery): string | undefined {
  for (const [name, value] of Object.entries(isObject(expected) ? expected : {}))
    if (headers[name.toLowerCase()] !== value) return `header ${name}: ${headers[name.toLowerCase()]}`
  return undefined
}

async function expectTransformed(expected: Record<string, unknown>, next: Next): Promise<string | undefined> {
  const delivery = await next(3000)
  if (!delivery) return 'no event was delivered'
  const got = { payload: delivery.body, webhook_path: delivery.path }
  const wanted = { payload: expected.payload, webhook_path: expected.webhook_path }
  if (!isDeepStrictEqual(got, wanted))
    return `event\n  wanted ${JSON.stringify(wanted)}\n  got    ${JSON.stringify(got)}`
  return headersFault(expected.headers, delivery)
}
