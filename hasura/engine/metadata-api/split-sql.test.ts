import { test } from 'tap'
import { splitSql } from './split-sql.ts'

const split = (sql: string) => splitSql(sql).map(statement => statement.trim())

test('statements end at semicolons, and nothing is no statement', t => {
  t.same(split('select 1; select 2'), ['select 1', 'select 2'])
  t.same(split(' ;; select 1;\n-- the end;\n/* ; */'), ['select 1'])
  t.same(split(''), [])
  t.end()
})

test('a semicolon in quotes, dollar quotes or a comment ends nothing', t => {
  for (const statement of [
    "select 'a;b', 'it''s;'",
    String.raw`select E'it\';s;', e'\\'`,
    'select "a;b""c;"',
    'select 1 /* a ; /* b ; */ c ; */ + 2',
    'select 1 -- ; here\n + 2',
    'do $$ begin perform 1; end $$',
    'do $body$ begin perform $$;$$; end; $body$',
    'select $1',
  ])
    t.same(split(`${statement}; select 2`), [statement, 'select 2'], statement)
  t.same(split('select a$b$c; select 2'), ['select a$b$c', 'select 2'], 'a dollar inside a name')
  t.end()
})

test('the body of a function in standard SQL belongs to its statement', t => {
  const body =
    'create function f(a int) returns int begin atomic select 1; select case when a > 1 then 2 end; end'
  t.same(split(`${body}; select 2`), [body, 'select 2'])
  t.end()
})

test('what is never closed is one statement, and is found so in linear time', t => {
  for (const open of ["'", '"', '$$', '/*', "e'\\"]) t.same(split(`select ${open} ; x`).length, 1)
  const started = performance.now()
  splitSql(`${"'a;' ".repeat(100_000)}${'/*'.repeat(100_000)}`)
  splitSql('$a'.repeat(200_000))
  t.ok(performance.now() - started < 5000)
  t.end()
})
