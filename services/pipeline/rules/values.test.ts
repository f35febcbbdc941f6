import t from 'tap'
import { appliesTo, rules } from './catalogue.ts'
import { columnLetters, cut } from './findings.ts'
import {
  isCount,
  isNpi,
  numberKind,
  otherNumber,
  plainNumber,
  readDate,
  readNumber,
  zeroNumber,
} from './values.ts'

const kindOf = (text: string) => numberKind(Buffer.from(text), 0, text.length)

t.test('a number as CMS asks is digits with at most one point, above zero', async t => {
  for (const text of ['1', '0.01', '5.', '.5', '999999999', '00.10']) t.equal(kindOf(text), plainNumber, text)
  for (const text of ['0', '0.00', '000']) t.equal(kindOf(text), zeroNumber, text)
  for (const text of ['-1', '1e5', '$1', '1,000', '1.2.3', '.', 'N/A', '1 2', '9'.repeat(101)])
    t.equal(kindOf(text), otherNumber, text)
})

t.test('a number written otherwise is read where it can mean one thing only', async t => {
  for (const [text, read] of [
    ['$1,234.50', '1234.50'],
    ['- $5', '-5'],
    ['-$5', '-5'],
    ['70.5 %', '70.5'],
    ['(3)', '-3'],
    ['1.5E-3', '1.5E-3'],
    ['1e999', undefined],
    ['1,23', undefined],
    ['1,2345', undefined],
    ['n/a', undefined],
    ['', undefined],
  ] as const)
    t.equal(readNumber(text), read, text)
})

t.test('dates: ISO everywhere, M/D/YYYY in CSV, and only days that exist', async t => {
  t.equal(readDate('2026-04-01', false), '2026-04-01')
  t.equal(readDate('4/1/2026', true), '2026-04-01')
  for (const text of ['4/1/2026', '2026-02-30', '2026-4-1', '1/2/26', ''])
    t.equal(readDate(text, false), undefined, text)
})

t.test('an NPI passes the check of its last digit', async t => {
  for (const npi of ['1234567893', '1932382330', '1194866210']) t.ok(isNpi(npi), npi)
  for (const npi of ['1234567890', '0000000001', '123456789', 'NOT-AN-NPI']) t.notOk(isNpi(npi), npi)
})

t.test('a count is 0, "1 through 10" or from 11', async t => {
  for (const count of ['0', '1 through 10', '1 THROUGH 10', '11', '20', '100']) t.ok(isCount(count), count)
  for (const count of ['1', '10', '011', '11.0', '1,000', '']) t.notOk(isCount(count), count)
})

t.test('every rule has an id of its own and belongs to a template', async t => {
  const all = Object.values(rules)
  t.equal(new Set(all.map(rule => rule.id)).size, all.length)
  for (const rule of all)
    t.ok(
      (['1.1', '2.1', '2.2', '3.0'] as const).some(version => appliesTo(rule, version)),
      rule.id,
    )
})

t.test(
  'cells are named as a spreadsheet does, values cut at 200 bytes and never within a character',
  async t => {
    t.same([0, 25, 26, 701, 702].map(columnLetters), ['A', 'Z', 'AA', 'ZZ', 'AAA'])
    t.equal(Buffer.byteLength(cut('é'.repeat(150))), 200)
    t.equal(cut(`x${'漢'.repeat(100)}`), `x${'漢'.repeat(66)}`)
  },
)
