import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { createEngine } from './engine.ts'
import { exactNumber, isRawNumber, numberText, parseExact } from './exact-json.ts'

test('a number that a double does not hold keeps its digits, every other is a number', t => {
  for (const text of ['50755254975729665', '-9007199254740993', '0.1000000000000000055', '1e400', '1e-400'])
    t.ok(isRawNumber(exactNumber(text)), text)
  for (const text of [
    '0',
    '-0',
    '1.0',
    '12345678901234',
    '9007199254740992',
    '0.1',
    '1e21',
    '1E-7',
    '0.0000001',
    '100e-2',
  ])
    t.equal(exactNumber(text), Number(text), text)
  const text = '{"a":[50755254975729665,{"b":1e400,"c":1}],"d":"50755254975729665"}'
  t.equal(JSON.stringify(parseExact(text)), text)
  t.equal(numberText(parseExact('50755254975729665')), '50755254975729665')
  t.equal(numberText({ rawJSON: '1' }), undefined, 'an object of a request is none')
  t.throws(() => parseExact('{"a": 50755254975729665,}'), SyntaxError)
  t.end()
})

test('digits of a request arrive in Postgres: in a variable, in a document, inside of jsonb', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query('create table big (id bigint primary key, amount numeric, data jsonb)')
  const engine = await createEngine({
    metadata: { sources: [{ name: 'default', tables: [{ table: 'big' }] }] },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const ask = async (text: string) =>
    (await engine.graphql({ body: parseExact(text), session: { role: 'admin', vars: {} } })).body
  const query =
    'mutation ($id: bigint!, $amount: numeric, $data: jsonb) { a: insert_big_one(object: {id: $id, amount: $amount, data: $data}) { id amount data } b: insert_big_one(object: {id: 9223372036854775807, amount: 0.12345678901234567890, data: {n: 50755254975729665}}) { id amount data } }'
  t.equal(
    await ask(
      `{"query":${JSON.stringify(query)},"variables":{"id":50755254975729665,"amount":12345678901234567890.12,"data":{"n":[1e30,50755254975729665]}}}`,
    ),
    '{"data":{"a":{"id":50755254975729665,"amount":12345678901234567890.12,"data":{"n": [1000000000000000000000000000000, 50755254975729665]}},"b":{"id":9223372036854775807,"amount":0.12345678901234567890,"data":{"n": 50755254975729665}}}}',
  )
  const where = 'query ($id: bigint) { big(where: {id: {_eq: $id}}) { id } }'
  for (const [id, found] of [
    ['50755254975729665', '[{"id":50755254975729665}]'],
    ['50755254975729664', '[]'],
  ])
    t.equal(
      await ask(`{"query":${JSON.stringify(where)},"variables":{"id":${id}}}`),
      `{"data":{"big":${found}}}`,
    )
  t.match(
    await ask('{"query":"query ($n: Int) { big(limit: $n) { id } }","variables":{"n":50755254975729665}}'),
    /The value 5.0755254975729665e16 lies outside the bounds/,
  )
})
