import { gzipSync } from 'node:zlib'
import t from 'tap'
import { csvBase } from '../oracle/bases.ts'
import { Refusal } from '../source/refusal.ts'
import {
  aJsonItem,
  anItem,
  csv,
  flatRates,
  json,
  readBytes,
  tallHeaders,
  wideHeaders,
} from '../test-files.ts'
import { zip } from '../test-zip.ts'

const file = csv([anItem])

async function refusal(bytes: Buffer | string, options?: Parameters<typeof readBytes>[1]): Promise<string> {
  try {
    await readBytes(bytes, options)
  } catch (error) {
    if (error instanceof Refusal) return `${error.reasons[0]?.rule}: ${error.message}`
    throw error
  }
  return 'read'
}

t.test('what cannot be a price file gets one clear sentence', async t => {
  const cases: [string, Buffer | string, RegExp][] = [
    ['PDF', '%PDF-1.7 …', /a PDF document/],
    ['HTML', '\n<!DOCTYPE html><html>', /an HTML page/],
    [
      'XLSX',
      zip([
        { name: '[Content_Types].xml', data: '<x/>' },
        { name: 'xl/a.xml', data: '<x/>' },
      ]),
      /Excel/,
    ],
    ['zip of XLSX', zip([{ name: 'prices.xlsx', data: 'PK' }]), /prices\.xlsx, an Office document/],
    [
      'zip of two',
      zip([
        { name: 'a.csv', data: file },
        { name: 'b.json', data: '{}' },
      ]),
      /2 files that could be/,
    ],
    ['empty zip', zip([]), /holds no file/],
    [
      'zip in zip',
      zip([{ name: 'a.csv', data: zip([{ name: 'b.csv', data: file }]) }]),
      /holds another archive/,
    ],
    ['gz in gz', gzipSync(gzipSync(file)), /holds another archive/],
    ['empty', '', /is empty/],
    ['blanks only', ' \n \n', /is empty/],
    ['gz of nothing', gzipSync(''), /is empty/],
    ['NUL bytes', Buffer.alloc(100_000), /NUL bytes/],
    ['NDJSON', '{"a":1}\n{"a":2}\n', /NDJSON/],
    ['top-level list', '[{"a":1}]', /is a list/],
    ['other JSON', '{"a":1}', /standard_charge_information/],
    ['JSON cut off', json([aJsonItem]).slice(0, -3), /cut off/],
    ['title rows', 'Prices of Test Hospital\n\n\nCode,Price\n1,2\n', /row 3 is blank/],
    ['a blank row 2', file.replace('\n', '\n\n'), /row 2 is blank/],
    ['a title row', `Prices of Test Hospital,,\n${file}`, /headers stand in row 2, below another/],
    ['a line for Excel', `sep=,\n${file}`, /"sep=", is read by Excel alone/],
    ['semicolons', 'a;b;c\n1;2;3\nd;e;f\n', /separated by ";"/],
    ['tabs', 'a\tb\tc\n1\t2\t3\nd\te\tf\n', /separated by tabs/],
    ['headers in row 1', csv([anItem, anItem, anItem]).split('\n').slice(2).join('\n'), /stand in row 1/],
    ['two rows', 'a,b\n1,2\n', /only 2 rows/],
    ['cms-hpt.txt', 'location-name: X\r\nmrf-url: https://x', /mrf-url names/],
    ['a cell of 10 MB', csv([{ ...anItem, description: 'x'.repeat(10 << 20) }]), /a cell of megabytes/],
    ['a line without end', `${file}${'x'.repeat(10 << 20)}`, /lines that do not end/],
    ['a million columns', `${','.repeat(1_000_000)}\n`, /more than 16384 columns/],
    ['nested JSON', json([]).replace('[]', `[${'['.repeat(100_000)}`), /cut off/],
  ]
  for (const [name, bytes, expected] of cases) t.match(await refusal(bytes), expected, name)
})

t.test('cells that tabs, semicolons or pipes separate are told by row 3, quoted or not', async t => {
  const headers = tallHeaders.map(name => (name === 'setting' ? 'setting, if any' : name))
  const sheet = csvBase('3.0', 'tall').map((row, at) => (at === 2 ? headers : row))
  const marks = { '\t': 'tabs', ';': '";"', '|': '"|"' }
  for (const [mark, name] of Object.entries(marks))
    for (const quote of ['', '"']) {
      const text = sheet.map(row => row.map(cell => (cell ? `${quote}${cell}${quote}` : cell)).join(mark))
      const told = await refusal(`${text.join('\n')}\n`)
      t.ok(told.includes(`separated by ${name}, not commas`), `${name} ${quote}: ${told}`)
    }
})

t.test('columns that cannot be understood are refused with all reasons at once', async t => {
  const headers = wideHeaders(['Acme|PPO']).filter(name => name !== 'description' && name !== 'setting')
  try {
    await readBytes(csv([], { headers: [...headers, 'payer_name', 'plan_name'] }))
    t.fail('read')
  } catch (error) {
    t.ok(error instanceof Refusal)
    const rules = (error as Refusal).reasons.map(reason => reason.rule)
    for (const rule of ['glimmr.columns', 'cms.layout-unclear', 'cms.column-missing'])
      t.ok(rules.includes(rule), rule)
    t.equal(rules.filter(rule => rule === 'cms.column-missing').length, 2)
  }
})

t.test('an archive of one file is read; macOS litter beside it is not seen', async t => {
  const archive = zip([
    { name: '__MACOSX/._a.csv', data: 'x' },
    { name: 'folder/', data: '' },
    { name: 'folder/a.csv', data: file },
  ])
  t.same(flatRates(await readBytes(archive)), flatRates(await readBytes(file)))
})

t.test('an archive cut off at any byte is refused', async t => {
  const [gz, archive] = [gzipSync(file), zip([{ name: 'a.csv', data: file }])]
  for (let length = 1; length < gz.length; length += 7)
    t.match(await refusal(gz.subarray(0, length)), /cut off|damaged|Row 3/, `gz ${length}`)
  for (let length = 4; length < archive.length; length += 11)
    t.match(await refusal(archive.subarray(0, length)), /cut off|damaged/, `zip ${length}`)
})

t.test('an archive with a wrong checksum is refused', async t => {
  t.match(await refusal(zip([{ name: 'a.csv', data: file, crc: 1 }])), /damaged/)
  const gz = gzipSync(file)
  gz[gz.length - 5] = (gz[gz.length - 5] ?? 0) ^ 0xff
  t.match(await refusal(gz), /damaged/)
})

t.test('bombs are refused by ratio and by size', async t => {
  const bomb = gzipSync(Buffer.alloc(100 << 20, `${file.split('\n')[3]}\n`))
  const rows = gzipSync(Buffer.concat([Buffer.from(file), Buffer.alloc(100 << 20, '\n')]))
  t.match(await refusal(rows), /grows to more than 250 times/)
  t.match(await refusal(bomb), /grows to more than|Row 3/)
  t.match(
    await refusal(gzipSync(csv(Array.from({ length: 1000 }, () => anItem))), {
      limits: { bytes: 50_000, ratio: 250 },
    }),
    /larger than/,
  )
})

t.test('a small file cut off at every byte is read or refused, never more', async t => {
  for (const whole of [
    file,
    csv([{ description: 'x' }], { headers: wideHeaders(['A|B']) }),
    json([aJsonItem]),
  ]) {
    const bytes = Buffer.from(whole)
    for (let length = 0; length < bytes.length; length += 3) await refusal(bytes.subarray(0, length))
  }
  t.pass()
})

t.test('a file whose rows are all rejected is refused, with the reasons of the first', async t => {
  const bad = {
    ...anItem,
    'standard_charge|gross': '',
    'standard_charge|discounted_cash': '',
    'standard_charge|negotiated_dollar': 'call us',
  }
  try {
    await readBytes(csv(Array.from({ length: 50 }, () => bad)))
    t.fail('read')
  } catch (error) {
    t.match(error, { name: 'Refusal', message: /None of the 50 rows/ })
    const { reasons } = error as Refusal
    const ours = reasons.filter(({ rule }) => rule.startsWith('glimmr.'))
    t.equal(ours.length, 21)
    t.equal(reasons.length, 21 + 50, 'behind them what CMS would say')
    t.match(reasons[1], { rule: 'glimmr.no-price', cell: 'row 4' })
  }
})
