import { test } from 'tap'
import { evaluateTemplate, type KritiContext } from './evaluate.ts'
import { KritiError } from './tokens.ts'

const names = {
  $body: { input: { id: 1, name: 'Ada "x"', tags: ['a', 'b'], none: null } },
  $session_variables: { 'x-hasura-role': 'user' },
}
const result = (template: string) => evaluateTemplate(template, { names })

test('JSON with expressions in it becomes JSON', t => {
  t.same(result('{"a": {{ $body.input.id }}, "b": {"c": [1, {{ $body.input.name }}]}}'), {
    a: 1,
    b: { c: [1, 'Ada "x"'] },
  })
  t.same(result('"hello {{ $body.input.name }}!"'), 'hello Ada "x"!')
  t.same(result('{{ $body.input.tags[1] }}'), 'b')
  t.same(result("{{ $session_variables['x-hasura-role'] }}"), 'user')
  t.same(result('{{ $body.input?.missing?.deeper ?? "none" }}'), 'none')
  t.same(result('{"o": {"p": {"q": 1}}}'), { o: { p: { q: 1 } } })
  t.end()
})

test('conditions, ranges and functions', t => {
  t.same(
    result(
      '{{ range i, x := $body.input.tags }}{{ if i == 0 }}{"first": {{ x }}}{{ elif x == "c" }}null{{ else }}{{ toUpper(x) }}{{ end }}{{ end }}',
    ),
    [{ first: 'a' }, 'B'],
  )
  t.same(result('{{ range _, x := $body.input.tags }}{"x": {{ x }} }{{ end }}'), [{ x: 'a' }, { x: 'b' }])
  t.same(result('{{ not(empty($body.input.tags)) && "a" in $body.input.tags }}'), true)
  t.same(result('{{ concat([$body.input.tags, ["c"]]) }}'), ['a', 'b', 'c'])
  t.end()
})

function fault(template: string, context: KritiContext = { names }): unknown {
  try {
    return evaluateTemplate(template, context)
  } catch (cause) {
    if (!(cause instanceof KritiError)) throw cause
    const { kind, message, from, to } = cause
    return { kind, message, from, to }
  }
}

test('what a template asks for and is not there is an error with its place', t => {
  const missing = { kind: 'Attribute Error', message: "'Object' has no attribute 'world'.", from: 3, to: 14 }
  t.same(fault('{{ $body.world }}'), missing)
  t.match(fault('{{ nothing }}'), { kind: 'Name Error' })
  t.match(fault('{{ $body'), { kind: 'Parse Error' })
  t.match(fault('{{ $body.constructor }}'), { kind: 'Attribute Error' })
  t.match(fault('{{ toString("x") }}'), { kind: 'Name Error' })
  t.end()
})

test('a template that never ends to nest or to repeat is refused', t => {
  t.match(fault(`${'['.repeat(5000)}${']'.repeat(5000)}`), { kind: 'Parse Error' })
  const range = '{{ range _, a := $many }}{{ range _, b := $many }}{{ b }}{{ end }}{{ end }}'
  const many = { names: { ...names, $many: Array.from({ length: 1000 }, () => 0) } }
  t.match(fault(range, many), { kind: 'Evaluation Error' })
  t.end()
})

test('what a caller sends does not grow beyond bounds in an honest template, nor take it long', t => {
  const refused = { kind: 'Evaluation Error' }
  const long = 'x'.repeat(20_000)
  const list = Array.from({ length: 20_000 }, (_, at) => at)
  const context = { names: { $body: { long, list } } }
  const began = performance.now()
  t.match(fault('{{ range _, a := $body.list }}"{{ $body.long }}"{{ end }}', context), refused)
  t.match(fault('{{ range _, a := $body.list }}{{ $body.long }}{{ end }}', context), refused)
  t.match(fault('{{ range _, a := $body.list }}{{ $body }}{{ end }}', context), refused)
  t.match(fault('{{ range _, a := $body.list }}{{ -1 in $body.list }}{{ end }}', context), refused)
  t.match(fault('{{ range _, a := $body.list }}{{ size(inverse($body.list)) }}{{ end }}', context), refused)
  t.match(fault('{{ range _, a := $body.list }}{{ $body.list == $body.list }}{{ end }}', context), refused)
  t.ok(performance.now() - began < 10_000)
  t.same(evaluateTemplate('{{ $body.list }}', context), list)
  t.end()
})

test('members are those that an object has of its own, however they are called', t => {
  const $body = JSON.parse('{"__proto__": 1, "toString": 2}')
  t.equal(evaluateTemplate('{{ $body.__proto__ }}', { names: { $body } }), 1)
  t.equal(evaluateTemplate('{{ $body.toString }}', { names: { $body } }), 2)
  t.match(fault('{{ $body.hasOwnProperty }}', { names: { $body } }), { kind: 'Attribute Error' })
  t.end()
})
