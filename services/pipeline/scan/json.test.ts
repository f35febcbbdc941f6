import t from 'tap'
import { type JsonPart, JsonSplitter, JsonSyntaxError } from './json-splitter.ts'
import { JsonTape } from './json-tape.ts'
import { jsonOf } from './tape-json.ts'

type Seen = { type: string; key: string; text?: string; at?: number }

function split(text: string, size = Infinity): Seen[] {
  const bytes = Buffer.from(text)
  const splitter = new JsonSplitter(['rows'], 1 << 20)
  const seen: Seen[] = []
  for (let at = 0; at < bytes.length; at += size) {
    splitter.push(Buffer.from(bytes.subarray(at, Math.min(bytes.length, at + size))))
    for (let part: JsonPart | undefined = splitter.next(); part; part = splitter.next()) {
      if (part.type === 'list') seen.push({ type: part.type, key: part.key })
      else {
        seen.push({
          type: part.type,
          key: part.key,
          text: splitter.bytes.toString('utf8', part.start, part.end),
          at: splitter.streamOffset + part.start,
        })
      }
    }
  }
  if (!splitter.complete) throw new Error('not complete')
  return seen
}

const documents = [
  '{"a":1,"rows":[{"x":"}]\\""},{"y":[1,[2]]}],"z":{"rows":[1]}}',
  '{}',
  ' { "rows" : [ ] , "b" : "\\\\" , "c":true}\n',
  '{"n":-1.50e3,"rows":[1,"two",null,{"é":"\\u00e9"}]}',
  '{"rows":[{"a":1}],"rows":[{"a":2}]}',
]

t.test('fed one byte at a time, the parts and their offsets are those of the whole', async t => {
  for (const text of documents) {
    const whole = split(text)
    t.same(split(text, 1), whole, text)
    t.same(split(text, 3), whole)
    for (const { text: part, at } of whole)
      if (part) t.equal(Buffer.from(text).toString('utf8', at, (at ?? 0) + Buffer.byteLength(part)), part)
  }
})

t.test('what is no document is refused at its byte', async t => {
  for (const text of ['[1]', '{"a" 1}', '{"a":1,}', '{"rows":[1,]}', '{"a":,}', '{,}'])
    t.throws(() => split(text), JsonSyntaxError, text)
})

t.test('the tape of a value gives back the value', async t => {
  const tape = new JsonTape()
  const values = [
    '{"a":[1,2.50,{"b":null}],"c":"x\\n\\u00e9\\ud83d\\ude00\\"","d":true,"e":{},"f":[]}',
    '[]',
    '"\\\\\\/"',
    '-0.5e-7',
    '[[[["deep"]]]]',
  ]
  for (const text of values) {
    const bytes = Buffer.from(text)
    tape.parse(bytes, 0, bytes.length)
    t.same(JSON.parse(jsonOf(tape, 0)), JSON.parse(text), text)
  }
})

t.test('numbers keep their published digits', async t => {
  const tape = new JsonTape()
  const bytes = Buffer.from('[1.0,1234567890.12345678901234567890,1e2]')
  tape.parse(bytes, 0, bytes.length)
  t.equal(jsonOf(tape, 0), '[1.0,1234567890.12345678901234567890,1e2]')
})

t.test('what JSON.parse refuses, the tape refuses', async t => {
  const tape = new JsonTape()
  const wrong = [
    '{',
    '[1,]',
    '{"a":1,}',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '"\\x"',
    '"\\u12"',
    "'a'",
    'NaN',
    'tru',
    '{"a" 1}',
    '{1:2}',
    '"a\nb"',
    '[1] 2',
    '"open',
    `${'['.repeat(70)}${']'.repeat(70)}`,
  ]
  for (const text of wrong) {
    const bytes = Buffer.from(text)
    t.throws(() => tape.parse(bytes, 0, bytes.length), SyntaxError, text)
  }
})
