/** The webhooks of the action vectors, by the paths that their handlers name. They ask the engine back, as its tests do. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Received, type Reply, startWebhookServer, type WebhookServer } from './webhook-server.ts'

/** Runs a query as admin. */
export type Ask = (query: string, variables: Record<string, unknown>) => Promise<unknown>
type Input = Record<string, unknown>
type Answer = { status: number; body: unknown }

const ok = (body: unknown): Answer => ({ status: 200, body })
const bad = (message: string, code: string): Answer => ({ status: 400, body: { message, code } })
const headers = { 'content-type': 'application/json', 'set-cookie': 'abcd' }

export function startActionWebhooks(ask: Ask): Promise<WebhookServer> {
  return startWebhookServer(async (request): Promise<Reply> => {
    const handler = handlers[request.path]
    if (!handler) return { status: 204 }
    return { ...(await handler(inputOf(request), ask, request)), headers }
  })
}

type Handler = (input: Input, ask: Ask, request: Received) => Promise<Answer> | Answer

const handlers: Record<string, Handler | undefined> = {
  '/create-user': createUser,
  '/create-user-timeout': async (input, ask) => {
    await wait(3000)
    return createUser(input, ask)
  },
  '/create-user-nested': async (input, ask) => {
    const { status, body } = await createUser(input, ask)
    return status === 200 ? ok({ userObj: body }) : { status, body }
  },
  '/create-users': async (input, ask) => {
    const users = Array.isArray(input.users) ? input.users : []
    const wrong = users.find(({ email }) => !isEmail(email))
    if (wrong) return bad(`Email address is not valid: ${wrong.email}`, 'invalid-email')
    const query =
      'mutation ($users: [user_insert_input!]!) { insert_user(objects: $users) { returning { id } } }'
    return taken(await ask(query, { users }), 'insert_user', 'returning')
  },
  '/get-user-by-email': async (input, ask) => {
    const { status, body } = await usersByEmail(input, ask)
    return status === 200 ? ok(Array.isArray(body) ? body[0] : body) : { status, body }
  },
  '/get-users-by-email': usersByEmail,
  '/get-user-by-email-nested': async (input, ask) => {
    const { status, body } = await usersByEmail(input, ask)
    return status === 200 && Array.isArray(body) ? ok(withAddresses(body[0])) : { status, body }
  },
  '/get-users-by-email-nested': async (input, ask) => {
    const { status, body } = await usersByEmail(input, ask)
    return status === 200 && Array.isArray(body) ? ok(body.map(withAddresses)) : { status, body }
  },
  '/mirror-action': input => ok(input.arg),
  '/mirror-headers': (_, __, request) =>
    ok({ headers: request.headers.map(([name, value]) => ({ name, value })) }),
  '/get_messages': () =>
    ok([
      { content: 'baz', user_name: 'foo' },
      { content: 'foo', user_name: 'bar' },
    ]),
  '/intentional-error': input => ({ status: 400, body: input.blob }),
  '/null-response': () => ok(null),
  '/omitted-response-field': () => ok({ country: 'India' }),
  '/scalar-response': () => ok('some-string'),
  '/json-response': () => ok({ foo: 'bar' }),
  '/scalar-array-response': () => ok(['foo', 'bar', null]),
  '/custom-scalar-array-response': () => ok([{ foo: 'bar' }]),
  '/recursive-output': () =>
    ok({
      direct: { id: 1, this: { id: 2, this: { id: 3 } } },
      list: { id: 1, these: [{ id: 2, these: [{ id: 3 }] }, { id: 4 }] },
      mutual: { id: 1, that: { id: 2, other: { id: 3, that: { id: 4 } } } },
    }),
  '/get-results': () => ok({ result_ids: [1, 2, 3, 4] }),
  '/typed-nested-null': () => ok({ id: 1, child: null }),
  '/typed-nested-null-wrong-field': () => ok({ id: null, child: null }),
}

function inputOf({ body }: Received): Input {
  const input = typeof body === 'object' && body !== null && 'input' in body ? body.input : undefined
  return typeof input === 'object' && input !== null ? { ...input } : {}
}

function isEmail(email: unknown): boolean {
  return typeof email === 'string' && /^\w+([.-]?\w+)*@\w+([.-]?\w+)*(\.\w{2,3})+$/.test(email)
}

function taken(answer: unknown, ...keys: string[]): Answer {
  let value = answer
  for (const key of ['data', ...keys])
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === key)?.[1]
        : undefined
  return value === undefined ? bad('GraphQL query execution failed', 'unexpected') : ok(value)
}

const invalid = () => bad('Given email address is not valid', 'invalid-email')

async function createUser({ email, name }: Input, ask: Ask): Promise<Answer> {
  if (!isEmail(email)) return invalid()
  const query =
    'mutation ($email: String!, $name: String!) { insert_user_one(object: { email: $email, name: $name }) { id } }'
  return taken(await ask(query, { email, name }), 'insert_user_one')
}

async function usersByEmail({ email }: Input, ask: Ask): Promise<Answer> {
  if (!isEmail(email)) return invalid()
  const query =
    'query ($email: String!) { user(where: { email: { _eq: $email } }, order_by: { id: asc }) { id } }'
  return taken(await ask(query, { email }), 'user')
}

function withAddresses(user: { id?: unknown } | undefined) {
  return {
    ...user,
    address: { city: 'New York', country: 'USA' },
    addresses: [
      { city: 'Bangalore', country: 'India' },
      { city: 'Melbourne', country: 'Australia' },
    ],
    user_id: { id: user?.id },
  }
}
