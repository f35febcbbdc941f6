import { test } from 'tap'
import { readPath } from './json-path.ts'

test('a path into JSON is names, indexes and quoted names', t => {
  for (const [text, keys] of [
    ['$', []],
    ['a', ['a']],
    ['$.a.b-c', ['a', 'b-c']],
    ['.a[0].[1]', ['a', '0', '1']],
    ['$[007]', ['7']],
    ['größe', ['größe']],
    ['["strange key"]["a\\"b\\u0041"]', ['strange key', 'a"bA']],
    [`['it\\'s "so"']`, [`it's "so"`]],
  ] as const)
    t.same(readPath(text), keys, text)
  for (const text of [
    '',
    '$.',
    'a.',
    'a..b',
    'a b',
    'a.2',
    '2',
    '[',
    '[-1]',
    '["a]',
    '[\'a"]',
    '["\\x"]',
    '$$',
    'a\n',
  ])
    t.equal(readPath(text), undefined, JSON.stringify(text))
  t.end()
})
