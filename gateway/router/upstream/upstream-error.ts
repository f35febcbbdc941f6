/** What goes wrong between this process and a server, by a code that says what the client hears of it. */

/** Errors of the system keep node's own codes (ECONNREFUSED …). */
export type UpstreamCode =
  /** A connection that was kept ended before anything of an answer had come. */
  | 'UPSTREAM_STALE'
  /** A new one did, or it ended within an answer. */
  | 'UPSTREAM_BROKEN'
  /** The server does not speak HTTP/1.1 as it must. */
  | 'UPSTREAM_FAULT'
  /** What is asked cannot be sent, or its body is not what its head says. */
  | 'UPSTREAM_REQUEST'
  | 'UPSTREAM_DIAL_TIMEOUT'
  | 'UPSTREAM_ANSWER_TIMEOUT'

export class UpstreamError extends Error {
  override name = 'UpstreamError'
  code: UpstreamCode

  constructor(code: UpstreamCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The server broke the protocol; nothing that it says on this connection is believed any more. */
export function fault(message: string): UpstreamError {
  return new UpstreamError('UPSTREAM_FAULT', message)
}
