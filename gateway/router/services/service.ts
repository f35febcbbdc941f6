/** What a router hands a request to: a balancer over servers, or over other services. */
import type { Handler } from '../request/exchange.ts'

export type Service = {
  handle: Handler
  /** False when it knows that nothing behind it answers. */
  isUp(): boolean
  /** Whether `isUp` ever changes: it has health checks, or heeds those of its children. */
  reportsHealth: boolean
}
