/**
 * `validate_input` of a permission to write: a webhook sees what a mutation would write, and may refuse it, before any
 * transaction begins.
 *
 * Source: https://hasura.io/docs/2.0/schema/postgres/input-validations/
 */
import { fault, RequestError } from '../errors.ts'
import type { ValidateInput } from '../metadata-types.ts'
import type { Session } from '../session.ts'
import { forwardedHeaders } from '../webhook/client-headers.ts'
import { type Environment, filled, headersOf } from '../webhook/settings.ts'
import { post, type WebhookAnswer, type WebhookClient } from '../webhook/webhook-client.ts'
import type { Insert, InsertRow, Mutation } from './mutation.ts'

export type ValidationOptions = {
  client: WebhookClient
  /** What `{{NAME}}` and value_from_env take. */
  env?: Environment
}
export type Asker = {
  session: Session
  /** Of the client, for webhooks that are shown them. */
  headers?: Readonly<Record<string, string>> | undefined
}
/** A webhook, and what it is asked about: the rows, or the arguments of the field. */
export type Validation = { by: ValidateInput; input: unknown[] }

const version = 1
const defaultTimeoutSeconds = 10

/** Why a webhook cannot be asked; undefined when it can. */
export function validationFault(given: unknown, env: Environment): string | undefined {
  const by = given as Partial<ValidateInput> | null
  if (by?.type !== 'http') return 'the type of validate_input is "http"'
  const { url, timeout = defaultTimeoutSeconds, headers } = by.definition ?? {}
  if (typeof url !== 'string' || url === '') return 'validate_input has no url'
  if (typeof timeout !== 'number' || !(timeout > 0)) return 'the timeout of validate_input is no number'
  try {
    headersOf(headers, env)
    const address = filled(url, env)
    return URL.canParse(address) ? undefined : 'the url of validate_input is invalid'
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

/** Asks one webhook after the other, in the order of the fields. Throws what the first of them refuses. */
export async function validateInputs(
  mutations: Mutation[],
  options: ValidationOptions | undefined,
  asker: Asker,
): Promise<void> {
  for (const validation of mutations.flatMap(validationsOf)) {
    if (!options) throw new RequestError('not-supported', '$', 'the validation of input is switched off')
    await validate(validation, options, asker)
  }
}

function validationsOf(mutation: Mutation): Validation[] {
  if (mutation.is !== 'insert') return mutation.validation ? [mutation.validation] : []
  const found = new Map<string, Validation>()
  addRows(found, mutation.insert)
  return [...found.values()]
}

/** Rows of one table go to its webhook together, wherever they are nested. */
function addRows(found: Map<string, Validation>, { into, rows, validation: by }: Insert): void {
  if (by && rows.length > 0) {
    const key = JSON.stringify([into.schema, into.name])
    const known = found.get(key) ?? { by, input: [] }
    for (const row of rows) known.input.push(row.json())
    found.set(key, known)
  }
  for (const { before, after } of rows) for (const { insert } of [...before, ...after]) addRows(found, insert)
}

export type Nested = [name: string, rows: InsertRow[], many: boolean]

/** A row as the request gives it: columns and, below `data`, what is nested. Presets are no input. */
export function rowJson(columns: [string, unknown][], nested: Nested[]): unknown {
  return Object.fromEntries([
    ...columns,
    ...nested.map(([name, rows, many]): [string, unknown] => [
      name,
      { data: many ? rows.map(row => row.json()) : (rows[0]?.json() ?? null) },
    ]),
  ])
}

async function validate(
  { by: { definition }, input }: Validation,
  { client, env = {} }: ValidationOptions,
  { session: { role, vars }, headers = {} }: Asker,
): Promise<void> {
  const { url, headers: own, forward_client_headers, timeout = defaultTimeoutSeconds } = definition
  const document = { version, session_variables: { 'x-hasura-role': role, ...vars }, role, data: { input } }
  const shown = { ...(forward_client_headers ? forwardedHeaders(headers) : {}), ...headersOf(own, env) }
  const request = post(filled(url, env), document, { headers: shown, timeoutMs: timeout * 1000 })
  const answer = await client(request).catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw fault('$', 'http exception when validating input data', message)
  })
  heed(answer)
}

function heed({ status, body }: WebhookAnswer): void {
  if (status >= 200 && status < 300) return
  if (status !== 400)
    throw fault(
      '$',
      'internal error when validating input data',
      `expecting 200 or 400 status code, but found ${status}`,
    )
  const message = messageOf(body)
  if (message === undefined)
    throw fault('$', 'received invalid response from input validation webhook', 'invalid response')
  throw new RequestError('validation-failed', '$', message)
}

function messageOf(body: string): string | undefined {
  try {
    const { message }: { message?: unknown } = JSON.parse(body)
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
