import type { IncomingMessage, ServerResponse } from 'node:http'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import type { Metadata, ValidateInput } from '../metadata-types.ts'
import { startWebhook } from '../webhook/test-webhook.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'

type Asked = {
  path: string
  text: string
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}
type Answer = (response: ServerResponse, asked: Asked) => void

const session = { role: 'user', vars: { 'x-hasura-role': 'user', 'x-hasura-user-id': '7' } }
const accept: Answer = response => response.end()

function refusing(message: string): Answer {
  return (response, { body }) => {
    const refused = JSON.stringify(body).includes('bad')
    response.writeHead(refused ? 400 : 200).end(refused ? JSON.stringify({ message }) : '')
  }
}

async function setUp(t: Test, answer: Answer, more: Partial<ValidateInput['definition']> = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create table author (id int primary key, name text, big bigint, made text);
    create table article (id int primary key, title text, "authorId" int references author (id));
    insert into author values (1, 'Ada'), (2, 'Bo')`)
  const asked: Asked[] = []
  const url = await startWebhook(t, (body, { url: path = '', headers }, response) => {
    const one = { path, headers, text: body, body: JSON.parse(body) }
    asked.push(one)
    answer(response, one)
  })
  const validate_input: ValidateInput = { type: 'http', definition: { url: '{{HOOK}}author', ...more } }
  const articles: ValidateInput = { type: 'http', definition: { url: '{{HOOK}}article' } }
  const using = { foreign_key_constraint_on: { table: 'article', column: 'authorId' } }
  const all = { columns: '*' as const, filter: {} }
  const metadata: Metadata = {
    sources: [
      {
        name: 'default',
        tables: [
          {
            table: 'author',
            configuration: { column_config: { name: { custom_name: 'fullName' } } },
            array_relationships: [{ name: 'articles', using }],
            select_permissions: [{ role: 'user', permission: all }],
            insert_permissions: [
              {
                role: 'user',
                permission: { columns: '*', check: {}, set: { made: 'here' }, validate_input },
              },
            ],
            update_permissions: [{ role: 'user', permission: { ...all, validate_input } }],
            delete_permissions: [{ role: 'user', permission: { filter: {}, validate_input } }],
          },
          {
            table: 'article',
            object_relationships: [{ name: 'author', using: { foreign_key_constraint_on: 'authorId' } }],
            select_permissions: [{ role: 'user', permission: all }],
            insert_permissions: [
              { role: 'user', permission: { columns: '*', check: {}, validate_input: articles } },
            ],
          },
        ],
      },
    ],
  }
  const client = createWebhookClient({ allowPrivate: true })
  t.teardown(() => client.close())
  const env = { HOOK: url, KEY: 'k1' }
  const engine = await createEngine({ metadata, pools: { default: pool }, validateInput: { client, env } })
  t.teardown(() => engine.close())
  const ask = async (query: string, variables: object = {}, headers: Record<string, string> = {}) =>
    JSON.parse((await engine.graphql({ body: { query, variables }, session, headers })).body)
  const inputs = () => asked.map(({ path, body: { data } }) => [path, (data as { input: unknown }).input])
  return { engine, pool, asked, ask, inputs, url }
}

test('the webhook sees who writes what, with nested rows and variables, and presets are no input', async t => {
  const { ask, asked, inputs } = await setUp(t, accept)
  const query = `mutation ($name: String, $articles: [article_insert_input!]!, $none: String = "d") {
    insert_author(objects: [
      { id: 3, fullName: $name, big: 50755254975729665, articles: { data: $articles } },
      { id: 4, fullName: $none, articles: { data: [] } }
    ]) { affected_rows }
  }`
  const articles = [{ id: 1, title: 'One' }, { id: 2 }]
  t.same(await ask(query, { name: 'Cy', articles }), { data: { insert_author: { affected_rows: 4 } } })
  t.same(asked[0]?.body, {
    version: 1,
    role: 'user',
    session_variables: session.vars,
    data: {
      input: [
        { id: 3, name: 'Cy', big: Number('50755254975729665'), articles: { data: articles } },
        { id: 4, name: 'd', articles: { data: [] } },
      ],
    },
  })
  t.match(asked[0]?.text, /:50755254975729665[,}]/, 'with all its digits')
  t.same(inputs()[1], ['/article', articles])
  t.equal(asked.length, 2, 'rows of one table go together')
})

test('an object relationship is told under data, and its own webhook is asked as well', async t => {
  const { ask, inputs } = await setUp(t, accept)
  await ask(
    'mutation { insert_article_one(object: {id: 9, author: {data: {id: 9, fullName: "Di"}}}) { id } }',
  )
  t.same(inputs(), [
    ['/article', [{ id: 9, author: { data: { id: 9, name: 'Di' } } }]],
    ['/author', [{ id: 9, name: 'Di' }]],
  ])
})

test('of updates and deletes the webhook sees the arguments', async t => {
  const { ask, inputs } = await setUp(t, accept)
  const set = '_set: {fullName: "X"}, _inc: {big: 1}'
  await ask(`mutation { update_author(where: {id: {_eq: 1}}, ${set}) { affected_rows } }`)
  await ask(`mutation { update_author_by_pk(pk_columns: {id: 1}, ${set}) { id } }`)
  await ask(`mutation { update_author_many(updates: [{where: {id: {_eq: 1}}, ${set}}]) { affected_rows } }`)
  await ask('mutation ($id: Int!) { delete_author(where: {id: {_in: [$id]}}) { affected_rows } }', { id: 2 })
  await ask('mutation { delete_author_by_pk(id: 1) { id } }')
  const where = { id: { _eq: 1 } }
  const changes = { _set: { fullName: 'X' }, _inc: { big: 1 } }
  t.same(
    inputs().map(([, input]) => input),
    [
      [{ where, ...changes }],
      [{ pk_columns: { id: 1 }, ...changes }],
      [{ where, ...changes }],
      [{ where: { id: { _in: [2] } } }],
      [{ pk_columns: { id: 1 } }],
    ],
  )
})

test('what a webhook refuses is not written, nor is anything of the same request, and its words are told', async t => {
  const { ask, pool } = await setUp(t, refusing('no bad names'))
  const refused = {
    errors: [{ extensions: { path: '$', code: 'validation-failed' }, message: 'no bad names' }],
  }
  for (const mutation of [
    'insert_author(objects: {id: 5, fullName: "bad"}) { affected_rows }',
    'a: insert_author_one(object: {id: 5}) { id } insert_author_one(object: {id: 6, fullName: "bad"}) { id }',
    'insert_author_one(object: {id: 5, articles: {data: {id: 1, title: "bad"}}}) { id }',
    'update_author(where: {}, _set: {fullName: "bad"}) { affected_rows }',
    'delete_author(where: {fullName: {_neq: "bad"}}) { affected_rows }',
  ])
    t.same(await ask(`mutation { ${mutation} }`), refused, mutation)
  const { rows } = await pool.query('select id, name from author order by id')
  t.same(rows, [
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Bo' },
  ])
})

test('a webhook that does not answer as it should lets nothing be written', async t => {
  let answer: Answer = accept
  const { ask, pool } = await setUp(t, (response, asked) => answer(response, asked), { timeout: 0.2 })
  for (const [next, message] of [
    [response => response.writeHead(500).end('trace'), 'internal error when validating input data'],
    [
      response => response.writeHead(302, { location: '/x' }).end(),
      'internal error when validating input data',
    ],
    [
      response => response.writeHead(400).end('no'),
      'received invalid response from input validation webhook',
    ],
    [
      response => response.writeHead(400).end('{"message":1}'),
      'received invalid response from input validation webhook',
    ],
    [response => response.destroy(), 'http exception when validating input data'],
    [() => undefined, 'http exception when validating input data'],
  ] as [Answer, string][]) {
    answer = next
    t.same(await ask('mutation { delete_author(where: {}) { affected_rows } }'), {
      errors: [{ extensions: { path: '$', code: 'unexpected' }, message }],
    })
  }
  t.equal((await pool.query('select from author')).rowCount, 2)
})

test('headers of the metadata are sent, those of the client where it says so, secrets and lengths never', async t => {
  const own = [{ name: 'X-Key', value_from_env: 'KEY' }]
  const mutation = 'mutation { delete_author_by_pk(id: 1) { id } }'
  const client = {
    authorization: 'Bearer x',
    'x-key': 'mine',
    'x-hasura-admin-secret': 's',
    'content-length': '1',
  }
  const forwarding = await setUp(t, accept, { headers: own, forward_client_headers: true })
  await forwarding.ask(mutation, {}, client)
  t.match(forwarding.asked[0]?.headers, { authorization: 'Bearer x', 'x-key': 'k1' })
  t.notOk(forwarding.asked[0]?.headers['x-hasura-admin-secret'])
  const quiet = await setUp(t, accept, { headers: own })
  await quiet.ask(mutation, {}, client)
  t.match(quiet.asked[0]?.headers, { authorization: undefined, 'x-key': 'k1' })
})

test('admin writes without asking, and a webhook that cannot be asked makes the permission inconsistent', async t => {
  const { engine, asked } = await setUp(t, refusing('no'))
  const admin = { role: 'admin', vars: {} }
  const query = 'mutation { insert_author_one(object: {id: 8, fullName: "bad"}) { id } }'
  t.match(await engine.graphql({ body: { query }, session: admin }), { body: /"id":8/ })
  t.equal(asked.length, 0)
  for (const [definition, reason] of [
    [{ url: '{{NOWHERE}}/x' }, /environment variable 'NOWHERE' not set/],
    [{ url: 'not an address' }, /url of validate_input is invalid/],
    [{}, /validate_input has no url/],
    [{ url: 'http://x', timeout: -1 }, /timeout/],
    [{ url: 'http://x', headers: [{ name: 'a', value_from_env: 'GONE' }] }, /'GONE' not set/],
  ] as const) {
    const broken = await setUp(t, accept, { url: undefined, ...definition } as never)
    t.match(broken.engine.inconsistencies()[0], { type: 'insert_permission', reason })
    t.match(await broken.ask(query), {
      errors: [{ message: /no mutations exist|field 'insert_author_one' not found/ }],
    })
  }
})
