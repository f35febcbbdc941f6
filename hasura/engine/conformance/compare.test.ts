import { test } from 'tap'
import { compareBodies, keysInOrder } from './compare.ts'

const error = (code: string, path: string, message: string) => ({
  errors: [{ message, extensions: { code, path } }],
})

test('data must be the same, and the order of arrays counts', t => {
  t.equal(compareBodies({ data: { a: [1, 2] } }, { data: { a: [1, 2] } }), 'same')
  t.equal(compareBodies({ data: { a: [1, 2] } }, { data: { a: [2, 1] } }), 'different')
  t.equal(compareBodies({ data: { a: '1' } }, { data: { a: 1 } }), 'different')
  t.end()
})

test('errors are compared by code and path, and then by message; what is shown to admin only does not count', t => {
  const wanted = error('validation-failed', '$.a', 'no')
  t.equal(compareBodies(wanted, error('validation-failed', '$.a', 'no')), 'same')
  t.equal(compareBodies(wanted, error('validation-failed', '$.a', 'never')), 'code-path')
  t.equal(compareBodies(wanted, error('validation-failed', '$.b', 'no')), 'different')
  t.equal(compareBodies(wanted, { data: {} }), 'different')
  t.equal(
    compareBodies({ path: '$', error: 'x', code: 'y' }, { code: 'y', error: 'x', path: '$', internal: 1 }),
    'same',
  )
  t.end()
})

test('keys follow the selection set, through fragments and aliases, and not inside of scalars', t => {
  const query = 'query { b: x { id ...f } a } fragment f on X { n j }'
  t.ok(keysInOrder(query, { b: [{ id: 1, n: 2, j: { z: 1, a: 2 } }], a: 1 }))
  t.notOk(keysInOrder(query, { a: 1, b: [] }))
  t.notOk(keysInOrder(query, { b: [{ n: 2, id: 1 }], a: 1 }))
  t.end()
})
