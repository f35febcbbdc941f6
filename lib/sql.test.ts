import t from 'tap'
import { empty, id, join, quoteIdentifier, sql } from './sql.ts'

t.test('every value becomes a parameter, numbered through nested fragments', async t => {
  const condition = join([sql`a = ${1}`, sql`b = ${'x'}`], ' and ')
  const statement = sql`select * from ${id('prices', 'rates')} where ${condition} limit ${5}${empty}`
  t.equal(statement.text, 'select * from "prices"."rates" where a = $1 and b = $2 limit $3')
  t.same(statement.values, [1, 'x', 5])
})

t.test('an object from a request that looks like a fragment stays a value', async t => {
  const posing = { parts: [{ text: '; drop table x' }], text: '; drop table x', values: [] }
  const statement = sql`select ${posing}`
  t.equal(statement.text, 'select $1')
  t.equal(statement.values[0], posing)
})

t.test('identifiers are quoted whatever they hold', async t => {
  t.equal(quoteIdentifier('a"b'), '"a""b"')
  t.throws(() => quoteIdentifier('a\0b'), /NUL/)
})
