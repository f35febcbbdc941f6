/** Numbers that are not written as CMS asks, and what becomes of a row of which one cannot be read. */
import t from 'tap'
import { aJsonItem, anItem, csv, json, readBytes, wideHeaders } from '../test-files.ts'

t.test('numbers written otherwise are read where they can mean one thing only', async t => {
  for (const [written, read] of [
    ['$1,234.50', '1234.50'],
    ['1,234', '1234'],
    ['(12.5)', '-12.5'],
    ['1.5e3', '1.5e3'],
    ['N/A', null],
    ['1,23', null],
    ['12 or 13', null],
  ] as const) {
    const { tables, counts } = await readBytes(csv([{ ...anItem, 'standard_charge|gross': written }]))
    t.equal(tables.charges[0]?.gross, read, written)
    t.equal(counts['cms.number'], 1)
    t.equal(counts[read === null ? 'glimmr.number-unreadable' : 'glimmr.number-read'], 1)
  }
})

t.test('a row whose only price cannot be read is rejected, with its place', async t => {
  const bad = {
    ...anItem,
    'standard_charge|gross': '',
    'standard_charge|discounted_cash': '',
    'standard_charge|negotiated_dollar': 'call us',
  }
  const { result, rejected, tables, counts } = await readBytes(
    csv([anItem, bad, { ...anItem, plan_name: 'HMO' }]),
  )
  t.same(result.counts, { seen: 3, loaded: 2, rejected: 1, blank: 0 })
  t.match(rejected, [{ row: 5, rule: 'glimmr.no-price' }])
  t.equal(counts['glimmr.no-price'], 1)
  t.same(
    tables.rates.map(rate => rate.row_number),
    ['4', '6'],
  )
})

t.test('a charge that cannot be read costs no other price of its row, in any layout', async t => {
  const dollar = 'standard_charge|negotiated_dollar'
  const ofPayer = {
    'standard_charge|Acme|PPO|negotiated_dollar': 'N/A',
    'standard_charge|Acme|PPO|methodology': 'fee schedule',
  }
  const [charge] = aJsonItem.standard_charges
  const [payer] = charge?.payers_information ?? []
  const ofJson = { ...charge, payers_information: [{ ...payer, standard_charge_dollar: 'N/A' }] }
  for (const text of [
    csv([{ ...anItem, [dollar]: 'N/A' }]),
    csv([{ ...anItem, ...ofPayer }], { headers: wideHeaders(['Acme|PPO']) }),
    json([{ ...aJsonItem, standard_charges: [ofJson] }]),
  ]) {
    const { result, tables, counts } = await readBytes(text)
    t.match(result.counts, { seen: 1, loaded: 1, rejected: 0 }, `${result.layout}`)
    t.match(tables.charges, [{ discounted_cash: '1080', minimum: '250', maximum: '400.1' }])
    t.same(tables.rates, [])
    t.match(
      JSON.stringify([tables.charges, tables.items]),
      /fee schedule.*N\/A|N\/A.*fee schedule/,
      'kept beside it',
    )
    t.equal(counts['glimmr.number-unreadable'], 1)
    if (result.layout !== 'wide') t.equal(counts['glimmr.payer-without-rate'], 1)
  }
})

t.test('rows of one item stay one item around a charge that cannot be read', async t => {
  const bad = { ...anItem, 'standard_charge|negotiated_dollar': 'N/A', plan_name: 'EPO' }
  const { tables } = await readBytes(csv([anItem, bad, { ...anItem, plan_name: 'HMO' }]))
  t.equal(tables.items.length, 1)
  t.same(
    tables.rates.map(rate => rate.plan_id),
    ['PPO', 'HMO'],
  )
  t.equal(
    tables.charges.find(({ row_number }) => row_number === '5')?.extra,
    '{"standard_charge|negotiated_dollar":"N/A","payer_name":"Acme","plan_name":"EPO","standard_charge|methodology":"fee schedule"}',
  )
})

t.test('of a modifier whose charge cannot be read the notes are loaded', async t => {
  const modifier = { description: 'Bilateral', modifiers: '50', payer_name: 'Acme', plan_name: 'PPO' }
  const notes = { additional_generic_notes: '150 % of the first' }
  const percentage = 'standard_charge|negotiated_percentage'
  const tall = await readBytes(csv([anItem, { ...modifier, ...notes, [percentage]: 'N/A' }]))
  const ofPayer = {
    'standard_charge|Acme|PPO|negotiated_percentage': 'N/A',
    'additional_payer_notes|Acme|PPO': '150 %',
  }
  const wide = await readBytes(
    csv([anItem, { ...modifier, ...ofPayer }], { headers: wideHeaders(['Acme|PPO']) }),
  )
  for (const { tables, result } of [tall, wide]) {
    t.equal(result.counts.rejected, 0)
    t.match(tables.modifiers, [{ code: '50', payer_id: 'Acme', negotiated_percentage: null, extra: /N\/A/ }])
    t.match(tables.texts, [{ body: /^150 %/ }])
  }
  const bare = await readBytes(csv([anItem, { ...modifier, [percentage]: 'N/A' }]))
  t.match(bare.rejected, [{ row: 5, rule: 'glimmr.no-price' }])
})
