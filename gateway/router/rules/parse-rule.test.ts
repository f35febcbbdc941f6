import t from 'tap'
import { parseRule, type RuleTree } from './parse-rule.ts'

const show = (tree: RuleTree): string =>
  tree.kind === 'matcher'
    ? `${tree.name}(${tree.values.join('|')})`
    : tree.kind === 'not'
      ? `!${show(tree.inner)}`
      : `(${show(tree.left)} ${tree.kind} ${show(tree.right)})`

t.test('! binds closest, then &&, then ||; parentheses group', t => {
  for (const [rule, shown] of [
    ['Path(`/a`)', 'Path(/a)'],
    ['Path(`/a`) || Path(`/b`) && Host(`c`)', '(Path(/a) or (Path(/b) and Host(c)))'],
    ['(Path(`/a`) || Path(`/b`)) && Host(`c`)', '((Path(/a) or Path(/b)) and Host(c))'],
    ['!Path(`/a`) && Host(`c`)', '(!Path(/a) and Host(c))'],
    ['!(Path(`/a`) && Host(`c`))', '!(Path(/a) and Host(c))'],
    ['!!Path(`/a`)', '!!Path(/a)'],
    ['Header(`X-A`, "b\\"c")', 'Header(X-A|b"c)'],
    ['Path(`/a`)&&Path(`/b`)&&Path(`/c`)', '((Path(/a) and Path(/b)) and Path(/c))'],
    ['Path(`/a && b`)', 'Path(/a && b)'],
  ] as const)
    t.equal(show(parseRule(rule)), shown, rule)
  t.end()
})

t.test('what is no rule is refused with its column', t => {
  for (const [rule, pattern] of [
    ['', /column 1/],
    ['Path', /column 5: \( is expected/],
    ['Path(`/a`', /\) is expected/],
    ['Path(/a)', /column 6/],
    ['Path(`/a`) Host(`b`)', /end is expected/],
    ['Path(`/a`) && ', /matcher such as/],
    ['Path(`/a`,)', /text/],
    ['&& Path(`/a`)', /column 1/],
    ['Path(`/a`) & Path(`/b`)', /column 12/],
    ["Path('/a')", /column 6/],
    [`${'('.repeat(60)}Path(\`/a\`)${')'.repeat(60)}`, /too deeply/],
  ] as const)
    t.throws(() => parseRule(rule), { message: pattern }, rule)
  t.end()
})
