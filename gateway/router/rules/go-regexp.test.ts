import t from 'tap'
import { goRegExp, replaceAll } from './go-regexp.ts'

t.test("Go's spellings are carried over", t => {
  t.ok(goRegExp('(?i)^/ABC$').test('/abc'))
  t.equal(goRegExp('^/(?P<year>\\d+)').exec('/2026/x')?.groups?.year, '2026')
  t.ok(goRegExp('^[[:alpha:]]+\\z').test('abc'))
  t.notOk(goRegExp('\\Aabc').test('xabc'))
  t.end()
})

t.test('what would mean something else here is refused', t => {
  for (const source of ['(', '(?=a)', '(a)\\1', '(?U)a*', '\\Qa\\E']) t.throws(() => goRegExp(source), source)
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
