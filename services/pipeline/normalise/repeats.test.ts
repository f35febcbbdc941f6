import t from 'tap'
import { aJsonItem, anItem, csv, json, readBytes } from '../test-files.ts'
import { createRepeats } from './repeats.ts'

const key = (number: number) => Buffer.from(`record ${number}, ${number * 7919}`)

/** What each record repeats, in the order in which they are given. */
function repeated(records: Buffer[], most?: number): number[] {
  const found = records.map(() => 0)
  const repeats = createRepeats(
    (row, earlier) => {
      found[row - 1] = earlier
    },
    most === undefined ? {} : { most },
  )
  for (const [at, bytes] of records.entries())
    repeats.add({ bytes, start: 0, split: 0, end: bytes.length, repeated: false }, at + 1)
  repeats.end()
  return found
}

const keys = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => key(from + at))

t.test('a hundred thousand different records are all different, and all found again', async t => {
  const found = repeated([...keys(1, 100_000), ...keys(1, 100_000)])
  t.equal(
    found.slice(0, 100_000).find(earlier => earlier !== 0),
    undefined,
  )
  t.equal(
    found.slice(100_000).find((earlier, at) => earlier !== at + 1),
    undefined,
  )
})

t.test('a record that stands three times repeats the one before it', async t => {
  t.same(repeated([key(1), key(1), key(2), key(1)]), [0, 1, 0, 2])
})

t.test('beyond its places the oldest is forgotten first, and nothing is mistaken', async t => {
  const found = repeated([...keys(1, 50_000), key(50_000), key(1)], 1 << 12)
  t.same(found.slice(-2), [50_000, 0])
  t.equal(
    found.slice(0, 50_000).find(earlier => earlier !== 0),
    undefined,
  )
})

t.test('records that differ in one byte, or in length by a NUL, are different', async t => {
  const seen = ['abcdefgh', 'abcdefgi', 'abcdefgh\0', 'bacdefgh']
  t.same(repeated(seen.map(text => Buffer.from(text))), [0, 0, 0, 0])
})

t.test(
  'a beginning that is hashed once for many records tells them apart as if it were hashed in each',
  async t => {
    const found: [number, number][] = []
    const repeats = createRepeats((row, earlier) => found.push([row, earlier]))
    const rows = ['item A,1', 'item A,2', 'item A,1', 'item B,1', 'item B,2', 'item B,1', 'item A,2']
    for (const [at, text] of rows.entries()) {
      const bytes = Buffer.from(text)
      const same = text.slice(0, 7) === rows[at - 1]?.slice(0, 7)
      repeats.add({ bytes, start: 0, split: 7, end: bytes.length, repeated: same }, at + 1)
    }
    repeats.end()
    t.same(found, [
      [3, 1],
      [6, 4],
      [7, 2],
    ])
  },
)

/** Records of an item and a rate each; consecutive ones of one item are a run. What was found, by row. */
function repeatedOf(rows: string[]): number[] {
  const found = rows.map(() => 0)
  const told = new Set<number>()
  const repeats = createRepeats((row, earlier) => {
    if (told.has(row)) throw new Error(`row ${row} is told twice`)
    told.add(row)
    found[row - 1] = earlier
  })
  for (const [at, text] of rows.entries()) {
    const bytes = Buffer.from(text)
    const split = text.indexOf(',') + 1
    const same = text.slice(0, split) === rows[at - 1]?.slice(0, split)
    repeats.add({ bytes, start: 0, split, end: bytes.length, repeated: same }, at + 1)
  }
  repeats.end()
  return found
}

/** What `repeatedOf` should find, by the texts themselves. */
function expectedOf(rows: string[]): number[] {
  const last = new Map<string, number>()
  return rows.map((text, at) => {
    const earlier = last.get(text) ?? 0
    last.set(text, at + 1)
    return earlier
  })
}

const items = (from: number, to: number, rates: number) =>
  Array.from({ length: to - from }, (_, item) =>
    Array.from({ length: rates }, (_, rate) => `item ${from + item},${rate}`),
  ).flat()

t.test('repeated records are found the same, however long the runs that begin alike are', async t => {
  const cases = {
    'items that come twice, in runs': [...items(0, 500, 9), ...items(300, 600, 9), ...items(0, 10, 12)],
    'runs of one row': [...items(0, 3000, 1), ...items(2000, 4000, 1)],
    'long runs, with repeats in them and after them': [
      ...items(0, 1, 1300),
      'item 0,7',
      ...items(1, 2, 600),
      'item 1,3',
      'item 1,3',
      ...items(0, 1, 5),
    ],
    'an item that comes thrice by turns with another': [
      'a,1',
      'b,1',
      'a,1',
      'a,2',
      'b,1',
      'b,1',
      'a,2',
      'a,1',
    ],
    'short runs after long ones': [...items(0, 900, 6), ...items(900, 5000, 1), ...items(800, 1000, 1)],
  }
  for (const [name, rows] of Object.entries(cases)) t.same(repeatedOf(rows), expectedOf(rows), name)
})

t.test(
  'a chunk of the file may begin within an item: its rows are still told once, with what they repeat',
  async t => {
    const rows = ['a,1', 'a,2', 'a,1', 'a,2', 'b,1', 'b,1', 'a,1']
    for (const chunk of rows.keys()) {
      const found: number[][] = []
      const repeats = createRepeats((row, earlier) => found.push([row, earlier]))
      for (const [at, text] of rows.entries()) {
        const bytes = Buffer.from(text)
        // The scanner compares with the row before only while it holds that.
        const repeated = at !== chunk && text[0] === rows[at - 1]?.[0]
        repeats.add({ bytes, start: 0, split: 2, end: bytes.length, repeated }, at + 1)
      }
      repeats.end()
      const expected = expectedOf(rows).flatMap((earlier, at) => (earlier === 0 ? [] : [[at + 1, earlier]]))
      t.same(
        found.toSorted(([left = 0], [right = 0]) => left - right),
        expected,
        `before row ${chunk + 1}`,
      )
    }
  },
)

t.test('a row that begins as the one before it, but for a blank row between, is another run', async t => {
  const found: number[][] = []
  const repeats = createRepeats((row, earlier) => found.push([row, earlier]))
  const add = (text: string, row: number, repeated: boolean) =>
    repeats.add({ bytes: Buffer.from(text), start: 0, split: 2, end: text.length, repeated }, row)
  add('a,x', 4, false)
  // Row 5 is blank, so it is not added; row 6 begins as blankly as that.
  add(',,x', 6, true)
  repeats.end()
  t.same(found, [])
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
