import { createRandom } from '@glimmr/dev/price-files/random'
import t from 'tap'
import { CsvScanner } from './csv-scanner.ts'

const random = createRandom(7)
const cells = ['', 'MRI', '"a,b"', '"x""y"', '"two\nlines"', ' 12.5', 'é', '"open', '"q" ', 'st"ray'] as const

/** Lines that mostly repeat the first four cells of the one before. */
function file(): Buffer {
  let lead = 'a,b,c,d'
  let text = ''
  for (let line = 0; line < 40; line++) {
    if (random.oneIn(4)) lead = Array.from({ length: 4 }, () => random.pick(cells)).join(',')
    text += `${lead},${random.below(3)},${random.pick(cells)}${random.oneIn(9) ? '\r\n' : '\n'}`
  }
  return Buffer.from(text)
}

function records(bytes: Buffer, repeating: number, step: number): { all: string[]; repeated: number } {
  const scanner = new CsvScanner()
  scanner.repeating = repeating
  const all: string[] = []
  let repeated = 0
  const drain = () => {
    while (scanner.next()) {
      if (scanner.repeated > 0) repeated++
      const { row, line, offset, length, unclosed, strayQuotes, count } = scanner
      const fields = Array.from({ length: count }, (_, field) =>
        scanner.bytes.toString('utf8', scanner.starts[field], scanner.ends[field]),
      )
      all.push(JSON.stringify({ row, line, offset, length, unclosed, strayQuotes, fields }))
    }
  }
  for (let at = 0; at < bytes.length; at += step) {
    scanner.push(Buffer.from(bytes.subarray(at, at + step)))
    drain()
  }
  scanner.end()
  drain()
  return { all, repeated }
}

t.test('records whose first fields repeat are the same as when every byte is scanned', async t => {
  let different = 0
  let repeated = 0
  for (let round = 0; round < 300; round++) {
    const bytes = file()
    for (const step of [1, 7, 100, bytes.length]) {
      const plain = records(bytes, 0, step)
      const quick = records(bytes, 4, step)
      repeated += quick.repeated
      if (JSON.stringify(plain.all) !== JSON.stringify(quick.all)) different++
    }
  }
  t.equal(different, 0)
  t.ok(repeated > 5000, `${repeated} records were compared instead of scanned`)
})
