import { deflateRawSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { openKernel } from '../kernel/kernel.ts'
import { attestation } from '../layout/general.ts'
import { Rows } from '../load/rows.ts'
import { createRandom } from '../oracle/random.ts'
import { createFindings } from '../rules/findings.ts'
import { Refusal } from '../source/refusal.ts'
import { aJsonItem, anItem, csv, json, readBytes, tallHeaders, wideHeaders } from '../test-files.ts'
import { readFile } from './read-file.ts'

const tall = csv([anItem, { ...anItem, plan_name: 'HMO' }])
const wide = csv([{ ...anItem, 'standard_charge|A|B|negotiated_dollar': '5' }], {
  headers: wideHeaders(['A|B']),
})
const document = json([aJsonItem, aJsonItem])

/** What became of it: the refusal, or how many rows were loaded. Anything else that is thrown is a fault of ours. */
async function outcome(bytes: Buffer | string): Promise<Refusal | number> {
  try {
    return (await readBytes(bytes)).result.counts.loaded
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** Reads a stream that never ends; returns the refusal and how much was taken before it. */
async function endless(head: string, again: string): Promise<{ refusal: Refusal; taken: number }> {
  let taken = 0
  async function* chunks(): AsyncGenerator<Buffer> {
    yield Buffer.from(head)
    for (;;) {
      const chunk = Buffer.alloc(1 << 16, again)
      taken += chunk.length
      yield chunk
    }
  }
  const rows = new Rows(1)
  try {
    await readFile({
      chunks: chunks(),
      rows,
      findings: createFindings(),
      now: new Date(),
      kernel: openKernel(),
      afterChunk: async () => {},
    })
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error, taken }
    throw error
  }
  throw new Error('it ended')
}

t.test('what never ends is refused after some megabytes, whatever it is made of', async t => {
  const cases: [name: string, head: string, again: string, most: number][] = [
    ['a line', tall, 'x', 8 << 20],
    ['a line of cells', tall, ',', 8 << 20],
    ['a quoted cell', `${tall}"`, 'x', 8 << 20],
    ['a quoted cell of doubled quotes', `${tall}"`, '""', 8 << 20],
    ['a first line', '', 'x', 8 << 20],
    ['a text of a JSON', document.replace(/\]\}$/, ',"'), 'x', 24 << 20],
    ['an element of a JSON', document.replace(/\]\}$/, ',['), '[', 24 << 20],
    ['a key of a JSON', '{"', 'x', 24 << 20],
    ['a root value of a JSON', '{"a":[', '1,', 24 << 20],
    ['a number of a JSON', document.replace(/\]\}$/, ','), '1', 24 << 20],
  ]
  for (const [name, head, again, most] of cases) {
    const { refusal, taken } = await endless(head, again)
    t.match(refusal.message, /longer than|more than|columns/, name)
    t.ok(taken <= most, `${name}: ${taken} bytes`)
  }
})

t.test('a file cut off at every byte is read or refused, in every layout and wrapping', async t => {
  const short = (text: string) => text.replace(attestation, 'attested')
  const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
  const files: [string, Buffer][] = [
    ['tall', Buffer.from(short(csv([{ ...anItem, description: 'a "b"\nc' }, anItem], { newline: '\r\n' })))],
    ['wide', Buffer.from(short(wide))],
    ['json', Buffer.from(short(document))],
    ['utf-16', utf16(short(document)).subarray(0, 900)],
    ['gzip', gzipSync(short(tall))],
  ]
  for (const [name, bytes] of files) {
    const refusals = new Set<string>()
    for (let length = 0; length < bytes.length; length++) {
      const found = await outcome(bytes.subarray(0, length))
      if (found instanceof Refusal) refusals.add(found.reasons[0]?.rule ?? '')
    }
    t.ok(refusals.size > 0, `${name}: ${[...refusals].join(', ')}`)
  }
})

t.test('bytes changed at random are read or refused, and nothing else happens', async t => {
  const random = createRandom(7)
  for (const text of [tall, wide, document]) {
    for (let run = 0; run < 300; run++) {
      const bytes = Buffer.from(text)
      for (let changes = 1 + random.below(20); changes > 0; changes--)
        bytes[random.below(bytes.length)] = random.below(256)
      await outcome(bytes)
    }
  }
  t.pass()
})

t.test('NUL bytes and bytes that are no UTF-8 are left out or read as Windows-1252, everywhere', async t => {
  const nul = await readBytes(csv([{ ...anItem, description: 'a\0b', payer_name: '\0Acme' }]))
  t.equal(nul.tables.items[0]?.description, 'ab')
  t.equal(nul.tables.rates[0]?.payer_id, 'Acme')
  t.equal(nul.counts['glimmr.nul-byte'], 1)
  const high = Buffer.from(tall.replaceAll('MRI', '\x80\xfe\xff').replaceAll('Acme', '\xc3('), 'latin1')
  const read = await readBytes(high)
  t.equal(read.result.counts.loaded, 2)
  t.equal(read.result.encoding, 'windows-1252')
  t.equal(read.tables.rates[0]?.payer_id, 'Ã(')
  const inJson = await readBytes(Buffer.from(document.replaceAll('Acme', '\xff\xfe'), 'latin1'))
  t.equal(inJson.result.counts.loaded, 2)
  const escaped = await readBytes(document.replaceAll('Acme', 'a\\u0000b\\ud800c'))
  t.equal(escaped.tables.rates[0]?.payer_id, 'ab\ufffdc')
})

t.test('JSON nested without measure costs its element, or the file where it is the header', async t => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const inItem = json([aJsonItem, { ...aJsonItem, extra: 'DEEP' }]).replace('"DEEP"', deep)
  const { result, counts } = await readBytes(inItem)
  t.same(result.counts, { seen: 2, loaded: 1, rejected: 1, blank: 0 })
  t.equal(counts['glimmr.row-unreadable'], 1)
  const inHeader = await outcome(json([aJsonItem], { extra: 'DEEP' }).replace('"DEEP"', deep))
  t.match(inHeader, { message: /nested deeper than 64/ })
})

t.test('keys and headers named like parts of JavaScript objects are names like others', async t => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']
  const text = json([{ ...aJsonItem, extra: 1 }])
    .replace('"extra":1', names.map(name => `"${name}":{"polluted":true}`).join(','))
    .replace('{"hospital_name"', `{${names.map(name => `"${name}":{"state":"TX"},`).join('')}"hospital_name"`)
  const { tables, result } = await readBytes(text)
  for (const name of names) {
    t.ok(tables.items[0]?.extra?.includes(`"${name}":{"polluted":true}`), name)
    t.ok(Object.hasOwn(result.general.all, name), name)
  }
  t.equal(({} as Record<string, unknown>).polluted, undefined)
  t.equal(({} as Record<string, unknown>).state, undefined)
})

t.test('formulas stay the texts they are: whoever writes a spreadsheet escapes them', async t => {
  const { tables } = await readBytes(
    csv([{ ...anItem, description: '=HYPERLINK("http://x","y")', plan_name: '@SUM(A1)' }]),
  )
  t.equal(tables.items[0]?.description, '=HYPERLINK("http://x","y")')
  t.equal(tables.rates[0]?.plan_id, '@SUM(A1)')
})

t.test('archives: one in another, members one after another, garbage behind the end', async t => {
  t.match(await outcome(gzipSync(gzipSync(tall))), { message: /holds another archive/ })
  const garbage = await outcome(Buffer.concat([gzipSync(tall), Buffer.from('garbage')]))
  t.ok(garbage === 2 || /damaged|cut off/.test((garbage as Refusal).message), String(garbage))
  t.equal(
    await outcome(Buffer.concat([gzipSync(tall.slice(0, 900)), gzipSync(tall.slice(900))])),
    2,
    'two members',
  )
  t.match(await outcome(deflateRawSync(tall)), { name: 'Refusal' })
})

t.test('wrong kinds are told by their bytes', async t => {
  const kinds: [Buffer, RegExp][] = [
    [Buffer.from('\x89PNG\r\n\x1a\n0000', 'latin1'), /an image/],
    [Buffer.from('\xff\xd8\xff\xe0', 'latin1'), /an image/],
    [Buffer.from('GIF89a'), /an image/],
    [Buffer.from('RIFF0000WEBPVP8 '), /an image/],
    [Buffer.from('%PDF-1.4\n'), /a PDF/],
    [Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1', 'latin1'), /an old Office document/],
    [Buffer.from('PAR1'), /Parquet/],
    [Buffer.from('SQLite format 3\0'), /SQLite/],
    [Buffer.from('  <html>'), /HTML/],
    [Buffer.from('<?xml version="1.0"?><a/>'), /XML/],
  ]
  for (const [bytes, expected] of kinds) {
    const found = await outcome(bytes)
    t.ok(found instanceof Refusal && expected.test(found.message), String(expected))
  }
})

t.test(
  'headers and keys of megabytes are cut wherever a finding shows them; pointers are escaped',
  async t => {
    const long = 'h'.repeat(1 << 20)
    const sheet = await readBytes(csv([{ ...anItem, [long]: 'x' }], { headers: [...tallHeaders, long] }))
    const key = json([{ ...aJsonItem, [long]: 1, 'a/b~c': 2 }])
    const { findings, tables } = await readBytes(key)
    for (const finding of [...sheet.findings, ...findings])
      for (const text of [finding.columnName, finding.cell, finding.value])
        t.ok(Buffer.byteLength(text ?? '') <= 200)
    t.ok(findings.some(({ cell }) => cell === '/standard_charge_information/0/a~1b~0c'))
    t.ok(tables.items[0]?.extra?.includes(long), 'but kept whole')
  },
)
