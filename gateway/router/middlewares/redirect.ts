/** The answer of the two redirecting middlewares: another address for the client. */
import { STATUS_CODES } from 'node:http'
import type { Exchange } from '../request/exchange.ts'

/** GET keeps its plain statuses; other methods get those that keep the method. */
export function redirect({ response, method }: Exchange, location: string, permanent: boolean): void {
  const status = permanent ? (method === 'GET' ? 301 : 308) : method === 'GET' ? 302 : 307
  response.statusCode = status
  response.setHeader('location', location)
  response.end(STATUS_CODES[status])
}
