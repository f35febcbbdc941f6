import t from 'tap'
import { CsvLimitError } from './csv-limits.ts'
import { CsvScanner } from './csv-scanner.ts'

type Read = { fields: string[]; row: number; line: number; offset: number; length: number; unclosed: boolean }

function scan(
  text: string | Buffer,
  sizes: () => number = () => Infinity,
  limits?: ConstructorParameters<typeof CsvScanner>[0],
): Read[] {
  const bytes = Buffer.from(text)
  const scanner = new CsvScanner(limits)
  const records: Read[] = []
  const drain = () => {
    while (scanner.next()) {
      const { row, line, offset, length, unclosed, count } = scanner
      const fields = Array.from({ length: count }, (_, at) =>
        scanner.bytes.toString('utf8', scanner.starts[at], scanner.ends[at]),
      )
      records.push({ fields, row, line, offset, length, unclosed })
    }
  }
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, Math.min(sizes(), bytes.length - at))
    scanner.push(Buffer.from(bytes.subarray(at, at + size)))
    drain()
    at += size
  }
  scanner.end()
  drain()
  return records
}

const fields = (text: string) => scan(text).map(record => record.fields)

/** A generator whose sequence is the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const awkward = [
  'a,b,c\n1,2,3\n',
  'a,b\r\n"x ""y"" z",2\n\r\n,\n"multi\nline",é\r\n',
  'a\rb,c\rd',
  '"open,1,2\nnext,"quoted",3\nlast,4,5\n',
  'a,"b" stray,c\n"5" needle",470\n',
  '"only\nopen',
  ',,,\n,"",\n',
  'x,"tail"\r\n"",""',
  '"a\r\nb",c\r\n',
  '\n\n\na',
  'a,b\r\r\n1,"2"\r\r\n"3", "4" \r \r\n',
  '"a"\r\r"b"\r',
]

t.test('fed one byte at a time or in random pieces, it reads what it reads at once', async t => {
  for (const text of awkward) {
    const whole = scan(text)
    t.same(
      scan(text, () => 1),
      whole,
      JSON.stringify(text),
    )
    for (let seed = 1; seed <= 20; seed++) {
      const next = random(seed)
      t.same(
        scan(text, () => 1 + Math.floor(next() * 6)),
        whole,
      )
    }
  }
})

t.test('cells of every kind read back as they were written, but for blanks around them', async t => {
  const next = random(7)
  const cells = [
    '',
    'plain',
    'with, comma',
    'with "quotes"',
    'two\nlines',
    'crlf\r\ninside',
    ' blank ',
    'é ü 漢',
    '"',
    '""',
    '12.50',
  ]
  const written = Array.from({ length: 300 }, () =>
    Array.from(
      { length: 1 + Math.floor(next() * 300) },
      () => cells[Math.floor(next() * cells.length)] ?? '',
    ),
  )
  const text = written
    .map(row =>
      row
        .map(cell => (/[",\n\r]/.test(cell) || next() < 0.2 ? `"${cell.replaceAll('"', '""')}"` : cell))
        .join(','),
    )
    .join('\r\n')
  t.same(
    scan(text, () => 1 + Math.floor(next() * 999)).map(record => record.fields),
    written.map(row => row.map(cell => cell.trim())),
  )
})

t.test('row, line, offset and length say where a record stands', async t => {
  const text = 'a,b\n"x\ny",é\r\n\nlast'
  const bytes = Buffer.from(text)
  const records = scan(text)
  t.same(
    records.map(({ row, line }) => [row, line]),
    [
      [1, 1],
      [2, 2],
      [3, 4],
      [4, 5],
    ],
  )
  t.same(
    records.map(({ offset, length }) => bytes.toString('utf8', offset, offset + length)),
    ['a,b\n', '"x\ny",é\r\n', '\n', 'last'],
  )
})

t.test('a quote that is never closed costs its own line, not the rows after it', async t => {
  const records = scan('d,c\n"never closed,1\nsecond,"two",2\nthird,3\n')
  t.same(
    records.map(record => record.fields[0]),
    ['d', 'never closed,1', 'second', 'third'],
  )
  t.same(
    records.map(record => record.unclosed),
    [false, true, false, false],
  )
  t.same(
    scan('a\n"open\nnext\n').map(record => [record.fields[0], record.unclosed]),
    [
      ['a', false],
      ['open', true],
      ['next', false],
    ],
  )
})

t.test('line ends: CRLF, LF, both, and a lone CR in a file that is made of them', async t => {
  t.same(fields('a,b\r\nc,d\ne,f'), [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ])
  t.same(fields('a,b\rc,d\re,f\r'), [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ])
  t.same(fields('a,b\nc\rd,e\n'), [
    ['a', 'b'],
    ['c\rd', 'e'],
  ])
  t.same(
    fields('a\rb,c\nd,e\n'),
    [
      ['a\rb', 'c'],
      ['d', 'e'],
    ],
    'in the first line as well',
  )
  t.same(fields('a,"b\nc"\rd,e\rf,g\r')[1], ['d', 'e'], 'cells of such a file may hold an LF')
})

t.test('a CR between a closing quote and what ends the field belongs to nothing', async t => {
  t.same(fields('a,b\n"c"\r,"d"\re",f\n'), [
    ['a', 'b'],
    ['c', 'd"\re', 'f'],
  ])
})

t.test('lines that end with CR, CR and LF are lines, whether their last cell is quoted or not', async t => {
  const lines = 'a,"b"\nc,d\n"e","f"\n'
  t.same(fields(lines.replaceAll('\n', '\r\r\n')), fields(lines))
  t.same(fields(lines.replaceAll('\n', '\r\r\r\n')), fields(lines))
  t.notOk(scan(lines.replaceAll('\n', '\r\r\n')).some(record => record.unclosed))
  t.same(fields('"a"\r\r"b"\r'), [['a'], [''], ['b']], 'a blank line in a file made of CRs')
})

t.test('stray quotes are text', async t => {
  t.same(fields('5" needle,"5" needle",x\n'), [['5" needle', '5" needle', 'x']])
})

t.test('a record, or fields, without end are refused before they fill the memory', async t => {
  const limits = { recordBytes: 1000, multilineBytes: 200, fields: 300 }
  t.throws(() => scan(`a\n${'x'.repeat(5000)}`, () => 100, limits), CsvLimitError)
  t.throws(() => scan(`a\n"${'x'.repeat(5000)}`, () => 100, limits), CsvLimitError)
  t.throws(() => scan(`${','.repeat(301)}\n`, () => 100, limits), CsvLimitError)
  t.equal(
    scan(`"${'line\n'.repeat(1000)}`, () => 100, limits).length,
    1000,
    'lines after an open quote are rows',
  )
})

t.test('whether a look at each record is needed is told per chunk, whole lines only', async t => {
  const told = (...chunks: Buffer[]) => {
    const scanner = new CsvScanner()
    return chunks.map(chunk => {
      scanner.push(chunk)
      while (scanner.next());
      return scanner.wellEncoded
    })
  }
  const line = Buffer.from('Ménière,1\n')
  t.same(told(Buffer.from('a,b\n')), [true])
  t.same(told(line), [true])
  t.same(told(line.subarray(0, 2), line.subarray(2)), [false, true], 'a character cut in two')
  t.same(told(Buffer.from('M\u00e9ni,1\n', 'latin1')), [false])
  t.same(told(Buffer.from('lost \ufffd,1\n')), [false])
  t.same(told(Buffer.from('é,1\r')), [false], 'no line end to go by')
  const last = new CsvScanner()
  last.push(Buffer.from('é,1\né,2'))
  last.end()
  t.equal(last.wellEncoded, false, 'the last line has no end')
})
