/** Who is told what a subscription has to say. */
import type { RequestError } from '../errors.ts'

export type Listener = {
  /** `{"data":…}` as JSON text. */
  next(body: string): void
  /** The query failed; the subscription goes on. */
  failed(error: RequestError): void
  /** Nothing more comes: the metadata changed, or the engine closes. */
  ended(): void
  /** False while the client has not taken what it was sent: it is passed over, and told the newest later. */
  ready(): boolean
}
