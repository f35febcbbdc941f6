/**
 * POST /v1/graphql/explain: the SQL of a request and what Postgres plans to do, for admin, as whoever `user` says.
 *
 * Source: https://hasura.io/docs/2.0/api-reference/explain/
 */
import type { Engine } from '../engine.ts'
import { RequestError } from '../errors.ts'
import { admin } from '../model/role-permissions.ts'
import type { Session } from '../session.ts'
import type { HttpAnswer } from './serve.ts'

export async function serveExplain(engine: Engine, session: Session, body: unknown): Promise<HttpAnswer> {
  onlyAdmin(session)
  if (!isObject(body) || !isObject(body.query))
    throw new RequestError('parse-failed', '$', 'the key "query" was not present')
  const explained = await engine.explainPlans({ body: body.query, session: sessionOf(body.user) })
  return { status: 200, body: JSON.stringify(explained) }
}

/** How many subscriptions there are: of statements, of equal values, of listeners. */
export function serveSubscriptions(engine: Engine, session: Session): HttpAnswer {
  onlyAdmin(session)
  return { status: 200, body: JSON.stringify(engine.subscriptions()) }
}

function onlyAdmin({ role }: Session): void {
  if (role !== admin) throw new RequestError('access-denied', '$', 'restricted access : admin only')
}

/** Session variables under any spelling of their names; admin without any. */
function sessionOf(user: unknown): Session {
  const vars: Record<string, string> = {}
  for (const [name, value] of Object.entries(isObject(user) ? user : {}))
    if (typeof value === 'string') vars[name.toLowerCase()] = value
  return { role: vars['x-hasura-role'] ?? admin, vars }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
