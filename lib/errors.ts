/** Problems (RFC 9457): thrown anywhere, shown in one place (server.ts). */
import { STATUS_CODES } from 'node:http'

export type ProblemField = { path: string; message: string }

export type ProblemOptions = {
  /** Which fields are wrong, and why. `path` is a JSON pointer or a parameter's name. */
  errors?: ProblemField[]
  headers?: Record<string, string>
  cause?: unknown
}

/** An error with a status that a client may see. `detail` says what is wrong and what to do about it. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly detail: string
  readonly errors: ProblemField[] | undefined
  readonly headers: Record<string, string>

  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.status = status
    this.detail = detail
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }
}

export function problem(status: number, detail: string, options?: ProblemOptions): Problem {
  return new Problem(status, detail, options)
}

export type ProblemDocument = {
  type: string
  title: string
  status: number
  detail: string
  instance?: string
  request_id?: string
  trace_id?: string
  errors?: ProblemField[]
}

export const problemType = 'application/problem+json'

export type ProblemContext = { instance?: string; requestId?: string; traceId?: string | undefined }

/** The document a client gets. `type` is about:blank: the status says the kind, `detail` the rest. */
export function problemDocument(
  { status, detail, errors }: Pick<Problem, 'status' | 'detail' | 'errors'>,
  { instance, requestId, traceId }: ProblemContext,
): ProblemDocument {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    ...(instance && { instance }),
    ...(requestId && { request_id: requestId }),
    ...(traceId && { trace_id: traceId }),
    ...(errors && { errors }),
  }
}
