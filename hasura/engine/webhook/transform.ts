/**
 * Transforms of webhooks: another URL, method, body, headers and query for the request; another body for the answer.
 *
 * Source: https://hasura.io/docs/2.0/actions/rest-connectors/
 */
import { evaluateTemplate, type KritiContext } from '../kriti/evaluate.ts'
import { KritiError } from '../kriti/tokens.ts'
import type { Session } from '../session.ts'

export type Outgoing = {
  url: string
  method: string
  headers: Record<string, string>
  /** JSON text, a form, or nothing. */
  body: string | undefined
}
export type TransformInput = {
  /** The address before any transform. */
  baseUrl: string
  method: string
  body: unknown
  headers: Record<string, string>
  session: Session | undefined
  operationName?: string | undefined
}

export class TransformError extends Error {
  /** What Hasura tells of a fault in a template. */
  readonly details: unknown[]
  constructor(message: string, details: unknown[]) {
    super(message)
    this.details = details
  }
}

type Fields = Record<string, unknown>
function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function transformRequest(transform: unknown, input: TransformInput): Outgoing {
  const given = isObject(transform) ? transform : {}
  const context = contextOf(input)
  const evaluate = (template: string) => evaluated(template, context, 'request')
  const method = typeof given.method === 'string' ? given.method : input.method
  const { body, type } = bodyOf(given.body, input.body, evaluate)
  const headers: Record<string, string> = {
    ...input.headers,
    ...(type === undefined ? {} : { 'content-type': type }),
  }
  const changes = isObject(given.request_headers) ? given.request_headers : {}
  for (const name of Array.isArray(changes.remove_headers) ? changes.remove_headers : [])
    delete headers[String(name).toLowerCase()]
  for (const [name, template] of Object.entries(isObject(changes.add_headers) ? changes.add_headers : {}))
    headers[name.toLowerCase()] = textOf(evaluate(asTemplate(String(template))))
  const url = typeof given.url === 'string' ? textOf(evaluate(asTemplate(given.url))) : input.baseUrl
  return { url: withQuery(url, given.query_params, evaluate), method, headers, body }
}

export function transformResponse(
  transform: unknown,
  { body, status, session, request }: { body: unknown; status: number; session: Session; request: unknown },
): unknown {
  const given = isObject(transform) ? transform : {}
  const template = templateOf(given.body)
  if (template === undefined) return body
  const names = {
    $body: body,
    $request: request,
    $response: { status, body },
    $session_variables: session.vars,
  }
  return evaluated(template, { names, functions: sessionFunctions(session) }, 'response')
}

function contextOf({ baseUrl, method, body, session, operationName }: TransformInput): KritiContext {
  return {
    names: {
      $body: body,
      $base_url: baseUrl,
      $method: method,
      $query_params: {},
      $session_variables: session?.vars ?? {},
      $operation_name: operationName ?? null,
    },
    functions: sessionFunctions(session),
  }
}

function sessionFunctions(session: Session | undefined) {
  return {
    getSessionVariable(name: unknown): string {
      const found = session?.vars[String(name).toLowerCase()]
      if (found === undefined) throw new Error(`Session variable ${JSON.stringify(name)} not found`)
      return found
    },
  }
}

function evaluated(template: string, context: KritiContext, what: 'request' | 'response'): unknown {
  try {
    return evaluateTemplate(template, context)
  } catch (cause) {
    if (!(cause instanceof KritiError)) throw cause
    const details = [
      { error_code: cause.kind, message: cause.message, source_position: placeOf(template, cause) },
    ]
    throw new TransformError(`${what} transform validation failed`, details)
  }
}

function placeOf(template: string, { from, to }: { from: number; to: number }) {
  const before = (at: number) => template.slice(0, at).split('\n')
  const column = (at: number) => (before(at).at(-1)?.length ?? 0) + 1
  return {
    start_line: before(from).length - 1,
    start_column: column(from),
    end_line: before(to).length - 1,
    end_column: column(to),
  }
}

/** In the first version the body is the template itself; in the second it says what to do. */
function templateOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body
  return isObject(body) && typeof body.template === 'string' ? body.template : undefined
}

function bodyOf(
  body: unknown,
  original: unknown,
  evaluate: (template: string) => unknown,
): { body: string | undefined; type?: string } {
  if (isObject(body) && body.action === 'remove') return { body: undefined }
  if (isObject(body) && body.action === 'x_www_form_urlencoded' && isObject(body.form_template)) {
    const form = new URLSearchParams()
    for (const [key, template] of Object.entries(body.form_template))
      form.append(key, textOf(evaluate(asTemplate(String(template)))))
    return { body: form.toString(), type: 'application/x-www-form-urlencoded' }
  }
  const template = templateOf(body)
  return { body: JSON.stringify(template === undefined ? original : evaluate(template)) }
}

/** A setting is text in which expressions may stand. */
function asTemplate(text: string): string {
  return JSON.stringify(text).replace(
    /\{\{(.*?)\}\}/g,
    (_, inner: string) => `{{${JSON.parse(`"${inner}"`)}}}`,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function withQuery(url: string, params: unknown, evaluate: (template: string) => unknown): string {
  const pairs: [string, string][] = []
  if (typeof params === 'string') {
    const text = textOf(evaluate(asTemplate(params)))
    if (text !== '') return `${url}${url.includes('?') ? '&' : '?'}${text.replace(/^\?/, '')}`
  }
  for (const [key, value] of Object.entries(isObject(params) ? params : {})) {
    const evaluatedValue = evaluate(asTemplate(String(value)))
    if (evaluatedValue !== null) pairs.push([textOf(evaluate(asTemplate(key))), textOf(evaluatedValue)])
  }
  if (pairs.length === 0) return url
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(pairs)}`
}
