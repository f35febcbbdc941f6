import t from 'tap'
import { aJsonItem, anItem, csv, json, readBytes } from '../test-files.ts'
import { createRepeats } from './repeats.ts'

const key = (number: number) => Buffer.from(`record ${number}, ${number * 7919}`)

t.test('a hundred thousand different records are all different, and all found again', async t => {
  const repeats = createRepeats()
  const lost: number[] = []
  for (let row = 1; row <= 100_000; row++) {
    const bytes = key(row)
    if (repeats.find(bytes, 0, bytes.length, row) !== 0) lost.push(row)
  }
  t.same(lost, [])
  for (let row = 1; row <= 100_000; row++) {
    const bytes = key(row)
    if (repeats.find(bytes, 0, bytes.length, row + 200_000) !== row) lost.push(row)
  }
  t.same(lost, [])
})

t.test('beyond its places the oldest is forgotten first, and nothing is mistaken', async t => {
  const repeats = createRepeats(1 << 12)
  for (let row = 1; row <= 50_000; row++) {
    const bytes = key(row)
    if (repeats.find(bytes, 0, bytes.length, row) !== 0) t.fail(`row ${row} is new`)
  }
  const [recent, old] = [key(50_000), key(1)]
  t.equal(repeats.find(recent, 0, recent.length, 60_000), 50_000)
  t.equal(repeats.find(old, 0, old.length, 60_001), 0)
})

t.test('records that differ in one byte, or in length by a NUL, are different', async t => {
  const repeats = createRepeats()
  const seen = [
    Buffer.from('abcdefgh'),
    Buffer.from('abcdefgi'),
    Buffer.from('abcdefgh\0'),
    Buffer.from('bacdefgh'),
  ]
  for (const [at, bytes] of seen.entries()) t.equal(repeats.find(bytes, 0, bytes.length, at + 1), 0)
})

t.test(
  'rows of a CSV and elements of a JSON that stand twice are reported with the row they repeat',
  async t => {
    const other = { ...anItem, description: 'Other' }
    const sheet = await readBytes(csv([anItem, other, anItem, anItem], { newline: '\r\n' }))
    const twice = sheet.findings.filter(({ rule }) => rule === 'glimmr.exact-duplicate')
    t.match(twice, [
      { row: 6, cell: 'row 6', message: /row 4\b/ },
      { row: 7, message: /row 6\b/ },
    ])
    t.equal(sheet.result.counts.loaded, 4, 'they are loaded all the same')
    const document = await readBytes(json([aJsonItem, { ...aJsonItem, description: 'x' }, aJsonItem]))
    t.match(
      document.findings.filter(({ rule }) => rule === 'glimmr.exact-duplicate'),
      [{ row: 3, cell: '/standard_charge_information/2', message: /row 1\b/ }],
    )
  },
)
