/** Requests whose answers depend on those before: limits and circuit breakers. */
import { setTimeout as wait } from 'node:timers/promises'
import { parseAnswer } from './answer.ts'
import { request } from './corpus/build.ts'
import { send } from './send.ts'

/** Sent one after the other, with a pause before if `afterMs` is given. */
type Step = { target: string; headers?: string[]; host?: string; afterMs?: number }

const steps = (count: number, step: (index: number) => Step): Step[] =>
  Array.from({ length: count }, (_, index) => step(index))

export const sequences: Record<string, readonly Step[]> = {
  // Two sources in turn, each with a bucket of its own.
  limit: steps(24, index => ({
    target: '/mw/limit',
    headers: [`X-Source: ${index % 3 === 2 ? 'b' : 'a'}`],
  })),
  'limit by host': steps(12, index => ({
    target: '/mw/byhost',
    host: index % 2 ? 'a.example' : 'b.example:1',
  })),
  // Trips when the figures are looked at again, after checkPeriod.
  'circuit breaker': [
    ...steps(5, () => ({ target: '/mw/breaker' })),
    ...steps(6, () => ({ target: '/mw/breaker?status=500' })),
    { target: '/mw/breaker?status=500', afterMs: 200 },
    ...steps(4, () => ({ target: '/mw/breaker', afterMs: 20 })),
  ],
  // Of a service that is away.
  'circuit breaker of network errors': [
    ...steps(6, () => ({ target: '/opt/breaker' })),
    { target: '/opt/breaker', afterMs: 200 },
    ...steps(3, () => ({ target: '/opt/breaker', afterMs: 20 })),
  ],
  'no limit': steps(12, () => ({ target: '/opt/slow' })),
}

/** Every status, and what a refusal says. */
export async function runSequence(port: number | undefined, sequence: readonly Step[]): Promise<string> {
  const seen: string[] = []
  for (const { target, headers = [], host = 'x', afterMs } of sequence) {
    if (afterMs) await wait(afterMs)
    const { bytes } = await send(port, request({ target, headers, host }))
    const { status, headers: answered, body } = parseAnswer(bytes)
    const refused = status >= 400 && !body.startsWith('{')
    seen.push(refused ? `${status} ${body} ${answered.get('retry-after') ?? ''}`.trim() : String(status))
  }
  return seen.join(', ')
}
