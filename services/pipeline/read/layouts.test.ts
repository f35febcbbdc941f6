import { gzipSync } from 'node:zlib'
import t from 'tap'
import { openKernel } from '../kernel/kernel.ts'
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

const wide = wideHeaders(['Acme|PPO', 'Beta|HMO'])
const wideItem = (more: Record<string, string> = {}) => {
  const { payer_name: _payer, plan_name: _plan, ...cells } = anItem
  const {
    'standard_charge|negotiated_dollar': dollar = '',
    'standard_charge|methodology': methodology = '',
    ...item
  } = cells
  return {
    ...item,
    'standard_charge|Acme|PPO|negotiated_dollar': dollar,
    'standard_charge|Acme|PPO|methodology': methodology,
    ...more,
  }
}

t.test('one price reads the same from tall, wide and JSON', async t => {
  const [tall, unpivoted, elements] = [
    await readBytes(csv([anItem])),
    await readBytes(csv([wideItem()], { headers: wide })),
    await readBytes(json([aJsonItem])),
  ]
  t.equal(tall.result.layout, 'tall')
  t.equal(unpivoted.result.layout, 'wide')
  t.equal(elements.result.layout, 'json')
  t.same(flatRates(unpivoted), flatRates(tall))
  t.same(flatRates(elements), flatRates(tall))
  for (const read of [tall, unpivoted, elements]) t.same(read.counts, {}, 'and none of them breaks a rule')
})

t.test('bytes may arrive one at a time, in every layout and encoding', async t => {
  const texts = [
    csv([anItem, { ...anItem, plan_name: 'HMO', additional_generic_notes: 'two\nlines, "quoted" é' }]),
    csv([wideItem()], { headers: wide }),
    json([aJsonItem]),
  ]
  for (const text of texts) {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
    for (const bytes of [Buffer.from(text), Buffer.from(text.replace('é', '')), utf16]) {
      const whole = await readBytes(bytes)
      t.same((await readBytes(bytes, { chunk: 1 })).tables, whole.tables)
    }
  }
})

t.test('prices keep their published digits', async t => {
  const digits = '1234567890.12345678901234567890'
  const read = await readBytes(
    csv([{ ...anItem, 'standard_charge|negotiated_dollar': digits, 'standard_charge|gross': '0.10' }]),
  )
  t.equal(read.tables.rates[0]?.negotiated_dollar, digits)
  t.equal(read.tables.charges[0]?.gross, '0.10')
  const element = json([aJsonItem]).replaceAll('400.1', '400.100')
  t.equal((await readBytes(element)).tables.rates[0]?.negotiated_dollar, '400.100')
})

t.test('tall: rows of one item share item and charge; amounts that differ make a further charge', async t => {
  const rows = [
    anItem,
    { ...anItem, plan_name: 'HMO' },
    { ...anItem, plan_name: 'EPO', 'standard_charge|gross': '1300' },
    { ...anItem, description: 'CT' },
  ]
  const { tables, counts } = await readBytes(csv(rows))
  t.equal(tables.items.length, 2)
  t.equal(tables.charges.length, 3)
  t.equal(tables.rates.length, 4)
  t.same(
    tables.rates.map(rate => rate.row_number),
    ['4', '5', '6', '7'],
  )
  t.equal(counts['glimmr.charge-differs'], 1)
})

t.test('tall: a column of payer notes, which the layout has not, stays beside the row', async t => {
  const rows = ['only for inpatients', '', 'call first'].map((note, at) => ({
    ...anItem,
    plan_name: `Plan ${at}`,
    additional_generic_notes: 'of the row',
    additional_payer_notes: note,
  }))
  const headers = [...tallHeaders, 'additional_payer_notes']
  for (const given of [openKernel(), null]) {
    const { tables, findings } = await readBytes(csv(rows, { headers }), { kernel: given })
    t.same(
      tables.rates.map(rate => rate.extra),
      ['{"additional_payer_notes":"only for inpatients"}', null, '{"additional_payer_notes":"call first"}'],
    )
    t.same(
      tables.texts.map(text => text.body),
      ['of the row'],
    )
    t.match(findings, [{ rule: 'glimmr.column-unknown', cell: 'Y3' }])
  }
})

t.test('every row is one rate, one charge without rates, or one modifier', async t => {
  const itemOnly = {
    ...anItem,
    payer_name: '',
    plan_name: '',
    'standard_charge|negotiated_dollar': '',
    'standard_charge|methodology': '',
  }
  const modifier = {
    description: 'Bilateral',
    setting: 'both',
    modifiers: '50',
    payer_name: 'Acme',
    plan_name: 'PPO',
    'standard_charge|negotiated_percentage': '150',
  }
  const { tables, result } = await readBytes(csv([anItem, itemOnly, itemOnly, modifier, '', ',,,']))
  t.same(result.counts, { seen: 4, loaded: 4, rejected: 0, blank: 2 })
  const used = new Set(tables.rates.map(rate => rate.charge_id))
  t.equal(tables.charges.filter(charge => !used.has(charge.id ?? '')).length, 2)
  t.equal(tables.rates.length + 2 + tables.modifiers.length, 4)
  t.equal(tables.modifiers[0]?.code, '50')
})

t.test('wide: a payer column without its plan is recovered, and reported', async t => {
  const headers = [
    ...wide,
    'standard_charge|Gamma|negotiated_dollar',
    'standard_charge|Gamma|methodology',
    'median_amount|Gamma',
  ]
  const { tables, counts } = await readBytes(
    csv([wideItem({ 'standard_charge|Gamma|negotiated_dollar': '77.7' })], { headers }),
  )
  const gamma = tables.rates.find(rate => rate.payer_id === 'Gamma')
  t.equal(gamma?.negotiated_dollar, '77.7')
  t.equal(gamma?.plan_id, null)
  t.equal(counts['glimmr.payer-column-without-plan'], 3)
})

t.test('wide: columns of one pair in different case are one pair', async t => {
  const headers = wide.map(name => name.replace('median_amount|Acme|PPO', 'median_amount|ACME|ppo'))
  const { tables } = await readBytes(csv([wideItem({ 'median_amount|ACME|ppo': '5' })], { headers }))
  t.same(
    tables.rates.map(rate => [rate.payer_id, rate.median_amount]),
    [['Acme', '5']],
  )
})

t.test('headers in any order, case and spacing; extra columns are kept', async t => {
  const headers = [
    'Hospital Note',
    ...[...tallHeaders].reverse().map(name => ` ${name.toUpperCase().replaceAll('|', ' | ')} `),
  ]
  const cells = Object.fromEntries(
    Object.entries(anItem).map(([name, value]) => [` ${name.toUpperCase().replaceAll('|', ' | ')} `, value]),
  )
  const { tables, counts } = await readBytes(csv([{ ...cells, 'Hospital Note': 'kept' }], { headers }))
  t.equal(tables.rates[0]?.negotiated_dollar, '400.10')
  t.equal(tables.rates[0]?.extra, '{"Hospital Note":"kept"}')
  t.equal(counts['glimmr.column-unknown'], 1)
})

t.test('a header called constructor or __proto__ is a column like another', async t => {
  const { tables } = await readBytes(
    csv([{ ...anItem, constructor: 'x', __proto: 'y' }], {
      headers: [...tallHeaders, 'constructor', '__proto'],
    }),
  )
  t.same(JSON.parse(tables.rates[0]?.extra ?? ''), { constructor: 'x', __proto: 'y' })
})

t.test(
  'offsets and lengths cut the very record out of the source, in UTF-8, Windows-1252 and UTF-16',
  async t => {
    const text = csv([
      anItem,
      { ...anItem, description: 'Réveil "x"\nzwei', additional_generic_notes: 'ü' },
      { ...anItem, description: 'Last' },
    ])
    const encodings: [string, Buffer, (bytes: Buffer) => string][] = [
      ['utf-8-bom', Buffer.from(`\ufeff${text}`), bytes => bytes.toString('utf8')],
      ['windows-1252', Buffer.from(text, 'latin1'), bytes => bytes.toString('latin1')],
      [
        'utf-16le',
        Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
        bytes => bytes.toString('utf16le'),
      ],
    ]
    for (const [encoding, bytes, decode] of encodings) {
      const { tables, result } = await readBytes(bytes)
      t.equal(result.encoding, encoding)
      t.equal(tables.items[1]?.description, 'Réveil "x"\nzwei')
      const parts = tables.items.map(item =>
        decode(bytes.subarray(Number(item.byte_offset), Number(item.byte_offset) + Number(item.byte_length))),
      )
      t.match(parts[1], /^"Réveil ""x""\nzwei",70551,.*ü\n$/)
      t.match(parts[2], /^Last,70551,/)
    }
  },
)

t.test('JSON: offsets cut the element out, whatever stands before it', async t => {
  const text = json([aJsonItem, { ...aJsonItem, description: 'é \\ "x"' }])
  const utf8 = (part: Buffer) => part.toString()
  const utf16 = (part: Buffer) => part.toString('utf16le')
  for (const [bytes, decode] of [
    [Buffer.from(text), utf8],
    [Buffer.from(`\ufeff\ufeff${text}`), utf8],
    [Buffer.from(` \n\ufeff ${text}`), utf8],
    [Buffer.from(`\ufeff${text}`, 'utf16le'), utf16],
    [Buffer.from(`\ufeff\ufeff \ufeff${text}`, 'utf16le'), utf16],
  ] as const) {
    const { tables } = await readBytes(bytes)
    t.equal(tables.items.length, 2)
    for (const item of tables.items) {
      const start = Number(item.byte_offset)
      t.equal(
        JSON.parse(decode(bytes.subarray(start, start + Number(item.byte_length)))).description,
        item.description,
      )
    }
  }
})

t.test(
  'JSON: keys in any order, the header after the items, numbers as strings, extra keys, duplicates',
  async t => {
    const item = {
      standard_charges: [{ ...aJsonItem.standard_charges[0], gross_charge: '1,200', ucsf: { a: [1.5] } }],
      ...{ code_information: aJsonItem.code_information, description: 'MRI of brain' },
    }
    const { standard_charge_information: items, ...header } = JSON.parse(json([item]))
    const text = JSON.stringify({ standard_charge_information: items, ...header }).replace(
      '"description":"MRI of brain"',
      '"description":"first","description":"MRI of brain"',
    )
    const { tables, counts, result } = await readBytes(text)
    t.equal(result.version, '3.0')
    t.equal(tables.items[0]?.description, 'MRI of brain')
    t.equal(tables.charges[0]?.gross, '1200')
    t.equal(tables.charges[0]?.extra, '{"ucsf":{"a":[1.5]}}')
    t.equal(counts['glimmr.duplicate-key'], 1)
    t.equal(counts['cms.value-type'], 1)
  },
)

t.test('JSON: modifier_information becomes modifiers', async t => {
  const modifier_information = [
    {
      code: '50',
      description: 'Bilateral',
      setting: 'both',
      modifier_payer_information: [{ payer_name: 'Acme', plan_name: 'PPO', description: '150 %' }],
    },
  ]
  const { tables } = await readBytes(json([aJsonItem], { modifier_information }))
  t.match(tables.modifiers, [
    { code: '50', description: 'Bilateral', setting: 'both', payer_id: 'Acme', plan_id: 'PPO' },
  ])
})

t.test('template 1.1 and 2.x are told by their columns and keys', async t => {
  const v22 = tallHeaders.filter(name => !/median|percentile|^count/.test(name))
  const old = (text: string) =>
    text
      .replace('location_name', 'hospital_location')
      .replace('type_2_npi,', 'x,')
      .replace('attester_name', 'y')
  t.equal((await readBytes(old(csv([anItem], { headers: v22 })))).result.version, '2.2')
  t.equal(
    (await readBytes(old(csv([anItem], { headers: v22.filter(name => !/drug|modifiers/.test(name)) }))))
      .result.version,
    '2.1',
  )
  const v11 = v22.map(name =>
    name.replace('negotiated_percentage', 'negotiated_percent').replace('methodology', 'contracting_method'),
  )
  const read = await readBytes(
    old(csv([{ ...anItem, 'standard_charge|contracting_method': 'case rate' }], { headers: v11 })),
  )
  t.equal(read.result.version, '1.1')
  t.equal(read.tables.rates[0]?.methodology, 'case rate')
})

t.test('a gzipped file reads as the file', async t => {
  t.same(flatRates(await readBytes(gzipSync(csv([anItem])))), flatRates(await readBytes(csv([anItem]))))
})
