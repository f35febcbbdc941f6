/** What a request did wrong, in Hasura's words: a code, a JSONPath into the request and a message. */
export type ErrorCode =
  | 'validation-failed'
  | 'parse-failed'
  | 'not-found'
  | 'not-supported'
  | 'access-denied'
  | 'permission-error'
  | 'constraint-violation'
  | 'constraint-error'
  | 'data-exception'
  | 'concurrent-update'
  | 'bad-request'
  | 'postgres-error'
  | 'unexpected'

export class RequestError extends Error {
  readonly code: string
  readonly path: string
  /** Only shown to admin. */
  readonly internal: unknown
  /** Of the answer, where errors are told by their status: everywhere but at /v1/graphql. */
  readonly status: number
  /** In the place of code and path: what a webhook says itself. */
  extensions: Record<string, unknown> | undefined

  constructor(
    code: ErrorCode | (string & {}),
    path: string,
    message: string,
    internal?: unknown,
    status = 400,
  ) {
    super(message)
    this.name = 'RequestError'
    this.code = code
    this.path = path
    this.internal = internal
    this.status = status
  }

  withExtensions(extensions: Record<string, unknown>): this {
    this.extensions = extensions
    return this
  }
}

/** The commonest refusal: the document does not fit the role's schema. */
export function invalid(path: string, message: string): RequestError {
  return new RequestError('validation-failed', path, message)
}

/** Not the request's doing: of the database, a webhook or this server. */
export function fault(path: string, message: string, internal?: unknown): RequestError {
  return new RequestError('unexpected', path, message, internal, 500)
}

/** `['a', 'b']`, as Hasura shows a list of names. */
export function quotedList(names: Iterable<string>): string {
  return `[${[...names].map(name => `'${name}'`).join(', ')}]`
}

/** One error in the form that `/v1/graphql` answers. */
export function errorBody(error: RequestError, showInternal: boolean): string {
  const extensions: Record<string, unknown> = error.extensions ?? { path: error.path, code: error.code }
  if (showInternal && error.internal !== undefined && !error.extensions) extensions.internal = error.internal
  return JSON.stringify({ errors: [{ message: error.message, extensions }] })
}
