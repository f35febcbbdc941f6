import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { createEngine } from './engine.ts'

test('directives are known, stand where they may, and have their arguments', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query('create table stone (id int primary key, size int); insert into stone values (1, 2)')
  const engine = await createEngine({
    metadata: { sources: [{ name: 'default', tables: [{ table: 'stone' }] }] },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const ask = async (query: string, variables = {}) => {
    const body = { query, variables }
    const answer = JSON.parse((await engine.graphql({ body, session: { role: 'admin', vars: {} } })).body)
    const [error] = answer.errors ?? []
    return error ? `${error.extensions.path} ${error.message}` : answer.data
  }
  const at = '$.selectionSet.stone.selectionSet'
  for (const [query, said] of [
    ['{ stone { id @cached } }', `${at} directive 'cached' is not allowed on a field`],
    ['{ stone { ... @only { id } } }', `${at} directive 'only' is not defined in the schema`],
    ['{ stone { id @skip } }', `${at}.skip.args.if missing required field 'if'`],
    ['{ stone { id @skip(when: true) } }', `${at}.skip 'skip' has no argument named 'when'`],
    [
      '{ stone { id @include(if: null) } }',
      `${at}.include.args.if expected a boolean for type 'Boolean', but found null`,
    ],
    [
      'query ($a: Boolean) { stone { id @include(if: $a) } }',
      `${at}.include.args.if variable 'a' is declared as 'Boolean', but used where 'Boolean!' is expected`,
    ],
    [
      'mutation @cached { delete_stone(where: {}) { affected_rows } }',
      "$ directive 'cached' is not allowed on a mutation",
    ],
    [
      'query @_multiple_top_level_fields { stone { id } }',
      "$ directive '_multiple_top_level_fields' is not allowed on a query",
    ],
    ['query @cached(time: 1) { stone { id } }', "$.cached 'cached' has no argument named 'time'"],
  ] as const)
    t.equal(await ask(query), said, query)
  t.same(await ask('query @cached(ttl: 5, refresh: true) { stone { id } }'), { stone: [{ id: 1 }] })
  const both =
    'query ($a: Boolean = false) { stone { id size @include(if: true) @skip(if: $a) ... @skip(if: $a) { x: size } } }'
  t.same(await ask(both), { stone: [{ id: 1, size: 2, x: 2 }] })
  t.same(await ask(both, { a: true }), { stone: [{ id: 1 }] })
  t.same(await ask('{ stone @skip(if: true) { id } }'), {})
})
