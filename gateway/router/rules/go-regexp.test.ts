import t from 'tap'
import { goRegExp, replaceAll } from './go-regexp.ts'

t.test("Go's spellings are carried over", t => {
  t.ok(goRegExp('(?i)^/ABC$').test('/abc'))
  t.equal(goRegExp('^/(?P<year>\\d+)').exec('/2026/x')?.groups?.year, '2026')
  t.ok(goRegExp('^[[:alpha:]]+\\z').test('abc'))
  t.notOk(goRegExp('\\Aabc').test('xabc'))
  t.end()
})

const forms: [source: string, matches: string[], others: string[]][] = [
  ['^\\p{L}+$', ['abc', 'äß', 'жя'], ['p{L}', '1']],
  ['^\\p{Greek}\\pN$', ['α1'], ['a1']],
  ['^\\P{L}$', ['1'], ['a']],
  ['^[]a]$', [']', 'a'], ['', 'b]']],
  ['^[^]a]$', ['b'], [']', 'a', 'ba]']],
  ['^[[:^digit:]]+$', ['abc'], ['12']],
  ['^[[:word:][:blank:]-]+$', ['a_ -'], ['\n']],
  ['^[\\w.-]+[-z]$', ['a.b--'], ['a/-']],
  ['^a\\sb$', ['a b', 'a\tb'], ['a\vb', 'a\u00a0b']],
  ['^a[^\\S]b$', ['a b'], ['a\vb']],
  ['^a.b$', ['a\rb', 'a😀b', 'a\u2028b'], ['a\nb']],
  ['(?s)^a.b$', ['a\nb'], []],
  ['(?m)^b$', ['a\nb\nc'], ['a\rb\rc']],
  ['(?i)^k(?-i:x)$', ['\u212ax', 'Kx'], ['kX']],
  ['^\\x{1F600}\\x41\\101\\a$', ['😀AA\u0007'], []],
  ['^a{,2}{}]$', ['a{,2}{}]'], ['aa']],
  ['^a{2}$', ['aa'], ['a']],
  ['\\.\\/\\-\\_$', ['./-_'], []],
]

for (const [source, matches, others] of forms)
  t.test(`what ${source} means to Go it means here`, t => {
    const expression = goRegExp(source)
    for (const text of matches) t.ok(expression.test(text), encodeURI(text))
    for (const text of others) t.notOk(expression.test(text), encodeURI(text))
    t.end()
  })

t.test('what would mean something else here is refused', t => {
  const unshared = [
    '(?=a)',
    '(a)\\1',
    '(?U)a*',
    '\\Qa\\E',
    '\\C',
    '(?i)\\W',
    '(?i)[[:^alpha:]]',
    '(?i)\\P{Lu}',
    'a(?i)b',
    '\\cA',
    '\\u0041',
  ]
  for (const source of unshared) t.throws(() => goRegExp(source), /do not share/, source)
  for (const source of ['(', ')', '[a', '[b-a]', '*', 'a**', 'a{1001}', '[[:none:]]', '\\p{None}', 'a\\'])
    t.throws(() => goRegExp(source), source)
  t.end()
})

t.test('repetitions that could be gone through in countless ways are refused, others match at once', t => {
  for (const source of [
    '^(a+)+$',
    '^(a|a)*$',
    '^(a?)*$',
    '^(a|ab)*$',
    '^(a*/a*)*$',
    '^([a-z]+(/[a-z]+))*$',
    '^/(v[0-9]+/?|[a-z0-9]+/?)+$',
    '^((a|a)b)*$',
    '^((a+))+$',
    '^(a|){9}$',
  ])
    t.throws(() => goRegExp(source), /several ways/, source)
  for (const source of [
    '^(/[a-z]+)*$',
    '^([^/]+/)+$',
    '^(/[a-z]+(\\.[0-9]+)?)+$',
    '^(ab|cd)*$',
    '^(v[0-9]|x)+$',
    '^[a-z]+(-[a-z0-9]+)*\\.example$',
    '^(?:\\d{1,3}\\.){3}\\d{1,3}$',
  ]) {
    const began = performance.now()
    goRegExp(source).test(`/${'a'.repeat(5000)}!`)
    t.ok(performance.now() - began < 500, source)
  }
  t.end()
})

t.test("replacements expand as Go's: the longest name counts, unknown names are empty", t => {
  const expression = goRegExp('^/api/(?P<rest>.*)$')
  for (const [template, result] of [
    ['/v1/$1', '/v1/x'],
    ['/v1/$'.concat('{1}y'), '/v1/xy'],
    ['/v1/$'.concat('{rest}'), '/v1/x'],
    ['/v1/$1y', '/v1/'],
    ['/v1/$9', '/v1/'],
    ['/$$1', '/$1'],
  ] as const)
    t.equal(replaceAll('/api/x', expression, template), result, template)
  t.equal(replaceAll('aXbX', goRegExp('X'), '-'), 'a-b-', 'every match')
  t.end()
})
