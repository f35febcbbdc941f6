/** What is told of a JSON, and at which pointer. */
import t from 'tap'
import { aJsonItem, json, readBytes } from '../test-files.ts'

t.test('JSON findings point at the value', async t => {
  const charge = {
    ...aJsonItem.standard_charges[0],
    setting: 'Outpatient',
    payers_information: [
      {
        payer_name: 'Acme',
        plan_name: 'PPO',
        methodology: 'other',
        standard_charge_percentage: 70,
        count: 12,
      },
    ],
  }
  const { findings } = await readBytes(json([aJsonItem, { ...aJsonItem, standard_charges: [charge] }]))
  const found = findings.map(({ rule, cell }) => `${rule} ${cell}`)
  const at = '/standard_charge_information/1/standard_charges/0'
  for (const expected of [
    `cms.setting ${at}/setting`,
    `cms.value-type ${at}/payers_information/0/count`,
    `cms.notes-for-other ${at}/payers_information/0/additional_payer_notes`,
    `cms.median-missing ${at}/payers_information/0/median_amount`,
  ])
    t.ok(found.includes(expected), `${expected} in ${found.join(', ')}`)
})

t.test('JSON: a number that is too large to be one is none, as for the official validator', async t => {
  const large = json([aJsonItem]).replace(':1200', ':1e400').replace(':400.1}]', ':-1e400}]')
  const { findings, tables, counts } = await readBytes(large)
  const charge = '/standard_charge_information/0/standard_charges/0'
  t.match(
    findings.filter(({ layer }) => layer === 'cms'),
    [
      { rule: 'cms.value-type', cell: `${charge}/gross_charge`, value: '1e400' },
      { rule: 'cms.value-type', cell: `${charge}/payers_information/0/standard_charge_dollar` },
    ],
  )
  t.equal(counts['glimmr.number-unreadable'], 2)
  t.match(tables.charges[0]?.extra, /1e400.*-1e400/)
})

t.test('JSON: modifiers are texts and numbers; anything else among them is kept and told', async t => {
  const [charge] = aJsonItem.standard_charges
  const at = '/standard_charge_information/0/standard_charges/0'
  const of = async (more: object) => {
    const { tables, findings } = await readBytes(
      json([{ ...aJsonItem, standard_charges: [{ ...charge, ...more }] }]),
    )
    const { modifiers, extra } = tables.charges[0] ?? {}
    return {
      modifiers,
      extra,
      findings: findings.map(({ rule, cell }) => `${rule} ${cell?.replace(at, '')}`),
    }
  }
  t.same(await of({ modifier_code: ['26', null, true, 59, ''] }), {
    modifiers: '{"26","59"}',
    extra: '{"modifier_code":null,"modifier_code (2)":true}',
    findings: [
      ...[1, 2, 3].map(part => `cms.modifier-code-type /modifier_code/${part}`),
      'cms.text-empty /modifier_code/4',
    ],
  })
  const unknown = ['glimmr.key-unknown /modifiers']
  t.same(await of({ modifiers: ['26', null] }), {
    modifiers: '{"26"}',
    extra: '{"modifiers":null}',
    findings: unknown,
  })
  t.same(await of({ modifiers: true }), { modifiers: null, extra: '{"modifiers":true}', findings: unknown })
  t.same(await of({ modifiers: null }), { modifiers: null, extra: null, findings: [] })
})

t.test('JSON: a key that stands twice is told where it stands', async t => {
  const [charge] = aJsonItem.standard_charges
  const [payer] = charge?.payers_information ?? []
  const beta = { ...charge, payers_information: [payer, { ...payer, payer_name: 'Beta' }] }
  const text = json([aJsonItem, { ...aJsonItem, standard_charges: [charge, beta] }])
  const twice = async (from: string) =>
    (await readBytes(text.replace(from, `${from.replace(/:.*/, ':"x"')},${from}`))).findings
  t.match(await twice('"payer_name":"Beta"'), [
    {
      rule: 'glimmr.duplicate-key',
      cell: '/standard_charge_information/1/standard_charges/1/payers_information/1/payer_name',
    },
  ])
  t.match(await twice('"code":"70551"'), [
    { rule: 'glimmr.duplicate-key', cell: '/standard_charge_information/0/code_information/0/code' },
  ])
})

t.test('a JSON element that is no JSON is rejected; the others are loaded', async t => {
  const text = json([aJsonItem, 'HERE', aJsonItem]).replace(
    '"HERE"',
    '{"description":"x","standard_charges":[{"gross_charge":NaN}]}',
  )
  const { result, rejected } = await readBytes(text)
  t.same(result.counts, { seen: 3, loaded: 2, rejected: 1, blank: 0 })
  t.match(rejected, [{ row: 2, rule: 'glimmr.row-unreadable' }])
})
