import { readFile } from 'node:fs/promises'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from '../engine.ts'
import type { ActionMetadata, Metadata } from '../metadata-types.ts'
import type { WebhookAnswer, WebhookClient, WebhookRequest } from '../webhook/webhook-client.ts'

const user = (id: string): Session => ({
  role: 'user',
  vars: { 'x-hasura-role': 'user', 'x-hasura-user-id': id },
})
const admin: Session = { role: 'admin', vars: {} }

/** Answers without a network; what was asked is kept. */
function answering(
  answer: (request: WebhookRequest) => Partial<WebhookAnswer> | Promise<Partial<WebhookAnswer>>,
) {
  const asked: WebhookRequest[] = []
  const client: WebhookClient = Object.assign(
    async (request: WebhookRequest) => {
      asked.push(request)
      return { status: 200, headers: {}, body: '{}', ...(await answer(request)) }
    },
    { close: async () => undefined },
  )
  return { client, asked }
}

async function setUp(
  t: Test,
  answer: (request: WebhookRequest) => Partial<WebhookAnswer> | Promise<Partial<WebhookAnswer>>,
  kind: 'synchronous' | 'asynchronous' = 'synchronous',
  more: Partial<ActionMetadata['definition']> = {},
) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create table person (id int primary key, name text, secret text);
    insert into person values (1, 'Ada', 's1'), (2, 'Bo', 's2')`)
  const action: ActionMetadata = {
    name: 'find_people',
    definition: {
      kind,
      ...(kind === 'synchronous' ? { type: 'query' as const } : {}),
      handler: '{{HOOK}}/find',
      arguments: [{ name: 'names', type: '[String!]!' }],
      output_type: '[Found!]!',
      headers: [{ name: 'X-Key', value_from_env: 'KEY' }],
      ...more,
    },
    permissions: [{ role: 'user' }],
  }
  const permission = { columns: ['id', 'name'], filter: { id: { _eq: 'X-Hasura-User-Id' } } }
  const metadata: Metadata = {
    sources: [
      { name: 'default', tables: [{ table: 'person', select_permissions: [{ role: 'user', permission }] }] },
    ],
    actions: [action],
    custom_types: {
      objects: [
        {
          name: 'Found',
          fields: [
            { name: 'id', type: 'Int!' },
            { name: 'score', type: 'Float' },
          ],
          relationships: [
            { name: 'person', type: 'object', remote_table: 'person', field_mapping: { id: 'id' } },
          ],
        },
      ],
    },
  }
  const { client, asked } = answering(answer)
  const env = { HOOK: 'http://hook', KEY: 'k1' }
  const engine = await createEngine({ metadata, pools: { default: pool }, actions: { client, env } })
  t.teardown(() => engine.close())
  const ask = async (query: string, session: Session) =>
    JSON.parse((await engine.graphql({ body: { query }, session })).body)
  return { ask, asked, pool, engine }
}

const query = '{ find_people(names: ["A"]) { id score person { name } } }'

test('an answer is shaped as it was asked for, and its rows are those that the caller may see', async t => {
  const { ask, asked } = await setUp(t, () => ({
    body: '[{"score":0.5,"id":1,"extra":1},{"id":2,"score":null}]',
  }))
  t.same(await ask(query, user('1')), {
    data: {
      find_people: [
        { id: 1, score: 0.5, person: { name: 'Ada' } },
        { id: 2, score: null, person: null },
      ],
    },
  })
  t.match(asked, [{ url: 'http://hook/find', method: 'POST', headers: { 'x-key': 'k1' } }])
  t.match(JSON.parse(asked[0]?.body ?? ''), {
    input: { names: ['A'] },
    action: { name: 'find_people' },
    session_variables: { 'x-hasura-user-id': '1' },
  })
  t.match(await ask('{ find_people(names: []) { person { secret } } }', user('1')), {
    errors: [{ message: "field 'secret' not found in type: 'person'" }],
  })
})

test('a role without permission does not know the action', async t => {
  const { ask, asked } = await setUp(t, () => ({ body: '[]' }))
  t.match(await ask(query, { role: 'other', vars: {} }), {
    errors: [{ extensions: { code: 'validation-failed' } }],
  })
  t.equal(asked.length, 0)
})

test('what the webhook refuses, and what it should not have answered', async t => {
  let next: Partial<WebhookAnswer> = {}
  const { ask } = await setUp(t, () => next)
  const message = async (answer: Partial<WebhookAnswer>) => {
    next = answer
    const { errors } = await ask(query, user('1'))
    return errors[0].message
  }
  t.equal(await message({ status: 400, body: '{"message":"no","code":"x"}' }), 'no')
  t.equal(await message({ status: 500, body: 'secret trace' }), 'internal error')
  t.equal(await message({ body: 'no JSON' }), 'not a valid json response from webhook')
  t.equal(await message({ body: '{}' }), 'expecting array for the action webhook response')
  t.equal(await message({ body: '[{"score":1}]' }), 'field "id" expected in webhook response, but not found')
  t.equal(await message({ body: '[null]' }), 'got null for the action webhook response')
})

test('the answer of an asynchronous action is shown to the session that asked, and to admin', async t => {
  const { ask, pool } = await setUp(t, () => ({ body: '[{"id":2}]' }), 'asynchronous')
  const started = await ask('mutation { find_people(names: ["B"]) }', user('2'))
  const id = started.data.find_people
  let status = ''
  while (status !== 'completed') {
    const { rows } = await pool.query('select status from hdb_catalog.hdb_action_log')
    status = rows[0].status
  }
  const result = `{ find_people(id: "${id}") { output { id person { name } } errors } }`
  const found = { data: { find_people: { output: [{ id: 2, person: { name: 'Bo' } }], errors: null } } }
  t.same(await ask(result, user('2')), found)
  t.same(await ask(result, admin), found)
  t.same(await ask(result, user('1')), { data: { find_people: null } })
})

test('a subscription to an asynchronous action is told at once when its webhook has answered', async t => {
  const answered = Promise.withResolvers<void>()
  const { ask, engine } = await setUp(t, () => ({ body: '[{"id":2}]' }), 'asynchronous')
  const { data } = await ask('mutation { find_people(names: ["B"]) }', user('2'))
  const result = `subscription { find_people(id: "${data.find_people}") { output { id person { name } } errors } }`
  const heard: unknown[] = []
  const listener = {
    next(body: string) {
      heard.push(JSON.parse(body).data.find_people?.output)
      if (heard.at(-1)) answered.resolve()
    },
    failed: answered.reject,
    ended: () => heard.push('ended'),
    ready: () => true,
  }
  const end = engine.subscribe({ body: { query: result }, session: user('2') }, listener)
  await answered.promise
  t.same(heard.at(-1), [{ id: 2, person: { name: 'Bo' } }])
  t.same(engine.subscriptions(), { pollers: 1, cohorts: 1, listeners: 1 })
  end?.()
  t.same(engine.subscriptions(), { pollers: 0, cohorts: 0, listeners: 0 })
})

test('who did not ask for an asynchronous action hears nothing of it, and subscriptions end with the engine', async t => {
  const { ask, engine } = await setUp(t, () => ({ body: '[{"id":2}]' }), 'asynchronous')
  const { data } = await ask('mutation { find_people(names: ["B"]) }', user('2'))
  const query = `subscription { find_people(id: "${data.find_people}") { output { id } } }`
  const first = Promise.withResolvers<string>()
  let ended = false
  const listener = {
    next: first.resolve,
    failed: first.reject,
    ended: () => {
      ended = true
    },
    ready: () => true,
  }
  engine.subscribe({ body: { query }, session: user('1') }, listener)
  t.same(JSON.parse(await first.promise), { data: { find_people: null } })
  await engine.close()
  t.ok(ended)
})

const clientHeaders = {
  authorization: 'Bearer x',
  'x-hasura-admin-secret': 's',
  'x-hasura-access-key': 's',
  expect: '100-continue',
  'proxy-authorization': 'p',
  referer: 'r',
  'x-mine': 'm',
}

test('a webhook is shown the headers of the client, but neither the admin secret nor those of the connection', async t => {
  const { engine, asked } = await setUp(t, () => ({ body: '[]' }), 'synchronous', {
    forward_client_headers: true,
  })
  await engine.graphql({ body: { query }, session: user('1'), headers: clientHeaders })
  t.same(asked[0]?.headers, {
    'content-type': 'application/json',
    authorization: 'Bearer x',
    'x-mine': 'm',
    'x-key': 'k1',
  })
})

test('of an asynchronous action the database keeps the headers that its webhook is shown, and no others', async t => {
  const mutation = 'mutation { find_people(names: ["B"]) }'
  const kept = async (more: Partial<ActionMetadata['definition']>) => {
    const { engine, pool } = await setUp(t, () => ({ body: '[]' }), 'asynchronous', more)
    await engine.graphql({ body: { query: mutation }, session: user('1'), headers: clientHeaders })
    const { rows } = await pool.query('select request_headers from hdb_catalog.hdb_action_log')
    return rows[0].request_headers
  }
  t.same(await kept({ forward_client_headers: true, ignored_client_headers: ['Authorization'] }), {
    referer: 'r',
    'x-mine': 'm',
  })
  t.same(await kept({}), {})
})

test('a webhook that does not answer holds up one asynchronous action, not those after it', async t => {
  const held = Promise.withResolvers<Partial<WebhookAnswer>>()
  let count = 0
  const { ask, pool } = await setUp(
    t,
    () => {
      count += 1
      return count === 1 ? held.promise : { body: '[]' }
    },
    'asynchronous',
  )
  for (let n = 0; n < 25; n += 1) await ask('mutation { find_people(names: ["B"]) }', user('2'))
  const done = async () => {
    const { rows } = await pool.query(
      "select count(*)::int as n from hdb_catalog.hdb_action_log where status = 'completed'",
    )
    return rows[0].n
  }
  while ((await done()) < 24) await new Promise(setImmediate)
  held.resolve({ body: '[]' })
  while ((await done()) < 25) await new Promise(setImmediate)
  t.equal(count, 25)
})

test('what README.md says to forget is forgotten, and what waits is not', async t => {
  const { ask, pool } = await setUp(t, () => ({ body: '[]' }), 'asynchronous')
  await ask('mutation { find_people(names: ["B"]) }', user('2'))
  const count = async (where: string) =>
    (await pool.query(`select count(*)::int as n from hdb_catalog.hdb_action_log where ${where}`)).rows[0].n
  while ((await count("status = 'completed'")) === 0) await new Promise(setImmediate)
  await pool.query(`insert into hdb_catalog.hdb_action_log (action_name, input_payload, request_headers, session_variables, status, claimed_until)
    values ('find_people', '{}', '{}', '{}', 'processing', 'infinity');
    update hdb_catalog.hdb_action_log set created_at = created_at - interval '31 days'`)
  const told = await readFile(new URL('README.md', import.meta.url), 'utf8')
  await pool.query(/```sql\n([\s\S]*?)```/.exec(told)?.[1] ?? '')
  t.equal(await count('true'), 1)
})
