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
function answering(answer: (request: WebhookRequest) => Partial<WebhookAnswer>) {
  const asked: WebhookRequest[] = []
  const client: WebhookClient = Object.assign(
    async (request: WebhookRequest) => {
      asked.push(request)
      return { status: 200, headers: {}, body: '{}', ...answer(request) }
    },
    { close: async () => undefined },
  )
  return { client, asked }
}

async function setUp(
  t: Test,
  answer: (request: WebhookRequest) => Partial<WebhookAnswer>,
  kind: 'synchronous' | 'asynchronous' = 'synchronous',
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
