/** Columns and keys of template 1.1 are read where nothing else has their place, and never beside what came after them. */
import t from 'tap'
import {
  aJsonItem,
  anItem,
  type Cells,
  csv,
  json,
  readBytes,
  tallHeaders,
  wideHeaders,
} from '../test-files.ts'

/** A CSV whose further columns stand before or behind the template's. */
async function beside(headers: string[], more: Cells, first: boolean) {
  const added = Object.keys(more)
  const cells = { ...anItem, ...more }
  return await readBytes(csv([cells], { headers: first ? [...added, ...headers] : [...headers, ...added] }))
}

t.test(
  'CSV: the name of the template has the place, in any order; the other stays beside the row',
  async t => {
    const wide = wideHeaders(['Acme|PPO'])
    const official = 'standard_charge|Acme|PPO|negotiated_percentage'
    const former = 'standard_charge|Acme|PPO|negotiated_percent'
    for (const first of [true, false]) {
      const more: Cells = { [former]: '7' }
      const { tables, findings } = await readBytes(
        csv([{ ...anItem, [official]: '40', ...more }], {
          headers: first ? [former, ...wide] : [...wide, former],
        }),
      )
      t.equal(tables.rates[0]?.negotiated_percentage, '40')
      t.equal(tables.items[0]?.extra, JSON.stringify(more))
      t.match(
        findings.filter(({ rule }) => rule === 'glimmr.column-unknown'),
        [{ cell: first ? 'A3' : /3$/, columnName: former }],
      )
      const tall = await beside(tallHeaders, { 'standard_charge|contracting_method': 'capitation' }, first)
      t.equal(tall.tables.rates[0]?.methodology, 'fee schedule')
      t.equal(tall.tables.rates[0]?.extra, '{"standard_charge|contracting_method":"capitation"}')
      t.equal(tall.counts['glimmr.column-unknown'], 1)
    }
  },
)

t.test('CSV: a former name beside the one that came after it tells no template', async t => {
  const of22 = tallHeaders.filter(name => !/median|percentile|^count/.test(name))
  const headers = [...of22, 'standard_charge|negotiated_percent']
  const text = csv([anItem], { headers })
    .replace('location_name', 'hospital_location')
    .replace('type_2_npi,', 'x,')
    .replace('attester_name', 'y')
  t.equal((await readBytes(text)).result.version, '2.2')
})

t.test('CSV: of the templates since 1.1 a former name is no column, though it is read', async t => {
  const former = 'standard_charge|Acme|PPO|negotiated_percent'
  const leftOver = await beside(tallHeaders, { [former]: '7' }, false)
  t.equal(leftOver.result.layout, 'tall', 'one of them makes no wide file of a tall one')
  t.equal(leftOver.tables.rates[0]?.extra, `{"${former}":"7"}`)
  const headers = wideHeaders(['Acme|PPO']).map(name =>
    name.replace('negotiated_percentage', 'negotiated_percent'),
  )
  const alone = await readBytes(csv([{ ...anItem, [former]: '7' }], { headers }))
  t.equal(alone.tables.rates[0]?.negotiated_percentage, '7')
  t.equal(alone.counts['cms.column-missing'], 1)
})

t.test('CSV: code numbers are written without zeros before them, as CMS reads them', async t => {
  for (const first of [true, false]) {
    const more = { 'code|01': '0611', 'code|01|type': 'RC' }
    const { tables, counts } = await beside(tallHeaders, more, first)
    t.match(tables.item_codes, [{ ordinal: '1', code: '70551', code_type: 'CPT' }])
    t.equal(tables.rates[0]?.extra, JSON.stringify(more))
    t.equal(counts['glimmr.column-unknown'], 2)
  }
})

t.test('JSON: the key of the template has the place, in any order; the other is kept', async t => {
  const [charge] = aJsonItem.standard_charges
  const [payer] = charge?.payers_information ?? []
  const former = { standard_charge: 5, standard_charge_percent: '0.40', contracting_method: 'capitation' }
  const official = { ...payer, standard_charge_percentage: 40, count: '0', additional_payer_notes: 'none' }
  for (const rate of [
    { ...former, ...official },
    { ...official, ...former },
  ]) {
    const read = await readBytes(
      json([{ ...aJsonItem, standard_charges: [{ ...charge, payers_information: [rate] }] }]),
    )
    t.match(read.tables.rates, [
      { negotiated_dollar: '400.1', negotiated_percentage: '40', methodology: 'fee schedule' },
    ])
    t.same(JSON.parse(read.tables.rates[0]?.extra ?? ''), former)
    t.same(read.counts, { 'glimmr.key-unknown': 3 })
    const at = '/standard_charge_information/0/standard_charges/0/payers_information/0'
    t.same(
      read.findings.map(({ cell }) => cell).toSorted(),
      Object.keys(former)
        .toSorted()
        .map(key => `${at}/${key}`),
    )
  }
})

t.test('JSON: lists of codes and modifiers under a former key are kept as they are', async t => {
  const [charge] = aJsonItem.standard_charges
  const more = { billing_code_information: [{ code: 'Q', type: 'foo' }] }
  const modified = { ...charge, modifiers: ['TC'], modifier_code: ['26'] }
  for (const item of [
    { ...more, ...aJsonItem, standard_charges: [modified] },
    { ...aJsonItem, ...more, standard_charges: [modified] },
  ]) {
    const { tables, counts } = await readBytes(json([item]))
    t.match(tables.item_codes, [{ code: '70551', code_type: 'CPT' }])
    t.equal(tables.items[0]?.extra, JSON.stringify(more))
    t.match(tables.charges, [{ modifiers: '{"26"}', extra: '{"modifiers":["TC"]}' }])
    t.same(counts, { 'glimmr.key-unknown': 2 })
  }
})

t.test('JSON: a key that stands twice is one that stands twice, whatever its spelling', async t => {
  const text = json([aJsonItem]).replace(
    '"code_information"',
    '"billing_code_information":[],"billing_code_information":[],"code_information"',
  )
  const { tables, counts } = await readBytes(text)
  t.equal(tables.item_codes.length, 1)
  t.same(counts, { 'glimmr.duplicate-key': 1, 'glimmr.key-unknown': 1 })
})
