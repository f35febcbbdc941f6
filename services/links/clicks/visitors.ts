/**
 * Who clicked, without knowing who: a hash of address and browser with a salt that lives for one UTC day, in memory only.
 * The same visitor cannot be followed into the next day, nor found in the table by trying all addresses.
 */
import { createHmac, randomBytes } from 'node:crypto'

export type Visitor = { day: string; visitor: Buffer }

/** `visitorAt(address, userAgent, now)` → the UTC day and 16 bytes. */
export function createVisitorHash(): (address: string, userAgent: string, now: Date) => Visitor {
  let saltDay = ''
  let salt = randomBytes(32)
  return (address, userAgent, now) => {
    const day = now.toISOString().slice(0, 10)
    if (day !== saltDay) {
      salt = randomBytes(32)
      saltDay = day
    }
    const visitor = createHmac('sha256', salt).update(`${address}\0${userAgent}`).digest().subarray(0, 16)
    return { day, visitor }
  }
}

const machines =
  /bot\b|crawler|spider|preview|facebookexternalhit|whatsapp|telegram|embedly|slurp|pingdom|monitor/i

/** A person's click? Not a HEAD, a prefetch, or one of the programs that look at every link they are shown. */
export function isClick(method: string, headers: Record<string, string | string[] | undefined>): boolean {
  const purpose = `${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''}`
  return (
    method === 'GET' &&
    !/prefetch|prerender|preview/i.test(purpose) &&
    !machines.test(String(headers['user-agent'] ?? ''))
  )
}
