import { test } from 'tap'
import type { RequestError } from '../errors.ts'
import { readOperation } from './document.ts'

function refusal(query: string, operationName?: string): string {
  try {
    return `not refused: ${readOperation(query, operationName, 10_000).node.operation}`
  } catch (cause) {
    const { code, path, message } = cause as RequestError
    return `${code} ${path} ${message}`
  }
}

test('the operation is the only one, or the first of its name', t => {
  const two = 'query a { x } mutation b { y }'
  t.equal(refusal(two, 'b'), 'not refused: mutation')
  t.equal(refusal('mutation a { x } query a { y }', 'a'), 'not refused: mutation')
  t.equal(refusal('{ x }'), 'not refused: query')
  t.equal(refusal(two, 'c'), 'validation-failed $ no such operation found in the document: "c"')
  for (const query of [two, 'fragment f on x { y }', '{ x } query a { y }'])
    t.equal(
      refusal(query),
      'validation-failed $ exactly one operation has to be present in the document when operationName is not specified',
      query,
    )
  for (const query of ['{ x } query a { y }', ' ,# said {\n, { x }'])
    t.equal(
      refusal(query, 'a'),
      'validation-failed $ operationName cannot be used when an anonymous operation exists in the document',
      query,
    )
  t.equal(refusal('# { no\nquery a { x }', 'a'), 'not refused: query')
  t.end()
})

test('fragments are there, once, and none is within itself; of a circle, those in it are named', t => {
  t.equal(
    refusal('{ ...f } fragment f on a { x } fragment f on a { y }'),
    'parse-failed $ multiple definitions for fragment "f"',
  )
  t.equal(
    refusal('{ other: x { ...f } }'),
    'validation-failed $.selectionSet.x.selectionSet reference to undefined fragment "f"',
  )
  const spread = (...names: string[]) =>
    names.map((name, at) => `fragment ${name} on a { y { ...${names[at + 1] ?? names.at(-1)} } }`).join(' ')
  t.match(refusal(`{ ...a } ${spread('a', 'b')}`), /the fragment definition\(s\) b form a cycle$/)
  const circle = (...names: string[]) =>
    names.map((name, at) => `fragment ${name} on a { y { ...${names[(at + 1) % names.length]} } }`).join(' ')
  t.match(refusal(`{ ...a } ${circle('a', 'b')}`), /definition\(s\) a and b form a cycle$/)
  t.match(refusal(`{ ...a } ${circle('a', 'b', 'c')}`), /definition\(s\) a, b, and c form a cycle$/)
  t.end()
})
