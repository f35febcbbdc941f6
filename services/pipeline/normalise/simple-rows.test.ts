/** Rows that are taken by many are written, counted and reported as rows that are read one by one: kernel/README.md. */
import t from 'tap'
import { type Kernel, openKernel } from '../kernel/kernel.ts'
import { csvBase, type Template } from '../oracle/bases.ts'
import { oddValues, sheetText } from '../oracle/break-csv.ts'
import { shuffleColumns } from '../oracle/mix.ts'
import { createRandom, type Random } from '../oracle/random.ts'
import { CsvScanner } from '../scan/csv-scanner.ts'
import { Refusal } from '../source/refusal.ts'
import { anItem, csv, type ReadTest, readBytes } from '../test-files.ts'

const templates: Template[] = ['2.1', '2.2', '3.0']
/** Beside what breaks a rule: cells as they are written in a file, and what the kernel leaves to others. */
const cells = [
  ...oddValues,
  ...[
    '"1,000"',
    '"quoted"',
    '" "',
    '5" tube',
    '"5"" tube"',
    '"two\nlines"',
    '"open',
    '"closed" ',
    'a\rb',
    '"a\\b"',
  ],
  ...[
    '12345678901234567',
    '99999999.5',
    '100000000000',
    '350',
    '120.5',
    '64',
    'Fee Schedule',
    'Aetna',
    'PPO',
  ],
  ...['été', '\t', '\\', `"${'long '.repeat(40)}"`],
]

const rateNames =
  /^(?:payer_name|plan_name|.*negotiated.*|.*methodology|count|estimated_amount|median_amount|\d\dth_percentile|additional.*)$/i

/** After one of these no row of its chunk is taken by many. */
const spoiling = ['\0', '\ufffd']

/** Rows that repeat those of a valid file, with other prices, words and faults in the columns that rows of an item differ in. */
function tallFile(random: Random): string {
  const template = random.pick(templates)
  const base = csvBase(template, 'tall')
  const sheet = random.chance(0.3) ? shuffleColumns(base, random) : base
  const [names = [], given = [], headers = [], ...data] = sheet
  const payer = headers.findIndex(header => /^payer_name$/i.test(header))
  const priced = data.filter(row => (row[payer] ?? '') !== '')
  const ofRate = new Set(
    [...headers.keys()].filter(column => column >= payer && rateNames.test(headers[column] ?? '')),
  )
  const faults = random.chance(0.1) ? [...cells, ...spoiling] : cells
  const odd = random.pick([0.002, 0.02, 0.1])
  const lines: string[] = []
  for (let items = 3 + random.below(8); items > 0; items--) {
    const lead = random.pick(data)
    for (let rows = 1 + random.below(30); rows > 0; rows--) {
      // What a payer says, as another row has it.
      const other = random.pick(random.chance(0.95) ? priced : data)
      const row = lead.map((cell, column) => (ofRate.has(column) ? (other[column] ?? '') : cell))
      for (const column of headers.keys())
        if (random.chance(column < payer ? odd / 20 : odd)) row[column] = random.pick(faults)
      if (random.chance(odd / 10)) row.splice(random.below(row.length))
      if (random.chance(odd / 10)) row.push(random.pick(cells))
      lines.push(
        row.map(cell => (/^"|^[^,\n\r"]*$/.test(cell) ? cell : `"${cell.replaceAll('"', '""')}"`)).join(','),
      )
      if (random.chance(0.05)) lines.push(lines.at(-1) ?? '')
    }
  }
  const end = random.pick(['\n', '\r\n'])
  const ends = () => (random.chance(0.01) ? random.pick(['\n', '\r\n', '\n\n', '\r\r\n']) : end)
  return `${sheetText([names, given, headers]).trimEnd()}${end}${lines.map(line => line + ends()).join('')}`
}

/** The bytes, now and then with one that is not UTF-8. */
function bytesOf(text: string, random: Random): Buffer {
  const bytes = Buffer.from(text)
  if (random.chance(0.2)) bytes[bytes.length - 1 - random.below(bytes.length / 2)] = 0xe9
  return bytes
}

async function read(bytes: Buffer, chunk: number, kernel: Kernel | null): Promise<ReadTest | string> {
  try {
    return await readBytes(bytes, { chunk, kernel })
  } catch (error) {
    if (error instanceof Refusal) return JSON.stringify(error.reasons)
    throw error
  }
}

/** One for all files, as a loading thread has it. */
const kernel = openKernel() ?? null

/** How many rows were taken by many while `work` ran. */
async function taken(work: () => Promise<void>): Promise<number> {
  const passOver = CsvScanner.prototype.passOver
  let rows = 0
  CsvScanner.prototype.passOver = function (count, ...rest) {
    rows += count
    passOver.call(this, count, ...rest)
  }
  await work().finally(() => {
    CsvScanner.prototype.passOver = passOver
  })
  return rows
}

t.test('where a row stands in the file is known behind rows that were taken by many', async t => {
  const endless = Buffer.from(
    `${csv(Array.from({ length: 50 }, (_, row) => ({ ...anItem, 'standard_charge|negotiated_dollar': `${row}.5` })))}${'x'.repeat(5 << 20)}`,
  )
  let one: ReadTest | string = ''
  let other: ReadTest | string = ''
  const many = await taken(async () => {
    one = await read(endless, Infinity, null)
    other = await read(endless, Infinity, kernel)
  })
  t.ok(many > 40, `${many} rows were taken by many`)
  t.match(one, /row 54 \(line 54, byte \d+\) is longer/)
  t.equal(other, one)
})

t.test('a file whose lines end with CR, CR and LF is the file whose lines end with LF', async t => {
  const rows = Array.from({ length: 50 }, (_, row) => ({
    ...anItem,
    'standard_charge|negotiated_dollar': `${row + 1}.5`,
    additional_generic_notes: row % 2 === 0 ? 'with, comma' : 'without',
  }))
  const plain = await readBytes(csv(rows))
  for (const [chunk, given] of [
    [Infinity, kernel],
    [Infinity, null],
    [1, null],
  ] as const) {
    const found = await readBytes(csv(rows, { newline: '\r\r\n' }), { chunk, kernel: given })
    t.same(found.tables.rates, plain.tables.rates)
    t.same(found.tables.texts, plain.tables.texts)
    t.same(found.findings, [])
  }
})

const files = Number(process.env.KERNEL_FILES ?? 300)

t.test('what is written, counted and reported is the same, whatever the rows hold', async t => {
  let rows = 0
  const many = await taken(async () => {
    for (let seed = 1; seed <= files; seed++) {
      const random = createRandom(seed)
      const bytes = bytesOf(tallFile(random), random)
      const chunk = random.pick([Infinity, 4096, 1000])
      const one = await read(bytes, chunk, null)
      const other = await read(bytes, chunk, kernel)
      if (typeof one !== 'string') rows += one.result.counts.seen
      if (JSON.stringify(one) !== JSON.stringify(other)) t.same(other, one, `seed ${seed}`)
    }
  })
  t.ok(many > rows / 8, `${many} of ${rows} rows were taken by many`)
})
