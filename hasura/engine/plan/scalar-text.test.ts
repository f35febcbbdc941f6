import { parseValue } from 'graphql'
import { test } from 'tap'
import type { RequestError } from '../errors.ts'
import type { Input } from './input.ts'
import { scientific } from './numbers.ts'
import { arrayText, scalarText } from './scalar-text.ts'

const to = (name: string, array = false) => ({
  type: { name, schema: 'pg_catalog', array },
  path: '$.here',
  variable: (): Input => ({ is: 'json', value: 7 }),
})
const written = (text: string): Input => ({ is: 'ast', node: parseValue(text, { noLocation: true }) })

function refusal(work: () => unknown): string {
  try {
    return `not refused: ${work()}`
  } catch (cause) {
    const { code, path, message } = cause as RequestError
    return `${code} ${path} ${message}`
  }
}

test('a value of another kind than its column is refused in the words of the type', t => {
  for (const [type, value, said] of [
    [
      'int4',
      true,
      'parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean',
    ],
    [
      'int8',
      {},
      'parsing Integer expected for input type: PGBigInt failed, expected Number, but encountered Object',
    ],
    [
      'float4',
      [],
      'parsing Float expected for input type: PGFloat failed, expected Number, but encountered Array',
    ],
    ['numeric', false, 'parsing Scientific failed, expected Number, but encountered Boolean'],
    ['text', 5, 'parsing Text failed, expected String, but encountered Number'],
    ['bpchar', 5, 'parsing Char failed, expected String, but encountered Number'],
    ['uuid', 5, 'parsing UUID failed, expected String, but encountered Number'],
    ['timestamptz', 5, 'parsing UTCTime failed, expected String, but encountered Number'],
    ['timetz', 5, 'Expecting a string for timetz'],
    ['bool', 1, 'expected Bool, but encountered Number'],
    ['interval', 5, 'A string is expected for type: interval'],
    ['mood', null, 'A string is expected for type: mood'],
  ] as const)
    t.equal(
      refusal(() => scalarText({ is: 'json', value }, to(type))),
      `parse-failed $.here ${said}`,
      type,
    )
  t.equal(
    refusal(() => arrayText(written('5'), to('int4', true))),
    'parse-failed $.here parsing [] failed, expected Array, but encountered Number',
  )
  t.end()
})

test('a number has to fit its type, and is shown as Haskell shows it', t => {
  const outside =
    'lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?'
  for (const [type, value, shown] of [
    ['int2', '32768', '32768.0'],
    ['int4', '2147483648', '2.147483648e9'],
    ['int4', '1.5', '1.5'],
    ['int8', '9223372036854775808', '9.223372036854775808e18'],
  ] as const)
    t.equal(
      refusal(() => scalarText(written(value), to(type))),
      `parse-failed $.here The value ${shown} ${outside}`,
    )
  t.match(
    refusal(() => scalarText(written('1e39'), to('float4'))),
    /The value 1.0e39 lies outside the bounds. Is it/,
  )
  for (const [text, shown] of [
    ['-0.001', '-1.0e-3'],
    ['0.25', '0.25'],
    ['9999999', '9999999.0'],
    ['12345678', '1.2345678e7'],
    ['0', '0.0'],
    ['120', '120.0'],
  ] as const)
    t.equal(scientific(text), shown)
  t.end()
})

test('what fits is written as Postgres reads it, without losing a digit', t => {
  for (const [type, value, text] of [
    ['int4', '2.0', '2'],
    ['int8', '9223372036854775807', '9223372036854775807'],
    ['numeric', '-2E-2', '-0.02'],
    ['numeric', '0.12345678901234567890', '0.12345678901234567890'],
    ['int4', '"from text"', 'from text'],
    ['text', 'A_NAME', 'A_NAME'],
    ['jsonb', '{a: [1, $x, null]}', '{"a":[1,7,null]}'],
    ['jsonb', '"text"', '"text"'],
  ] as const)
    t.equal(scalarText(written(value), to(type)), text, value)
  t.same(arrayText(written('[1, null, $x]'), to('int4', true)), ['1', null, '7'])
  t.same(arrayText(written('["{\\"a\\": 1}", "b", {c: 2}]'), to('jsonb', true)), [
    '{"a": 1}',
    '"b"',
    '{"c":2}',
  ])
  t.equal(arrayText(written('"{1,2}"'), to('int4', true)), '{1,2}')
  t.end()
})
