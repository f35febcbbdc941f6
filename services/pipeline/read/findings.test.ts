import t from 'tap'
import { anItem, type Cells, csv, readBytes, tallHeaders, wideHeaders } from '../test-files.ts'

const one = async (cells: Cells) => (await readBytes(csv([cells]))).findings

t.test('each rule of a row names its cell', async t => {
  const cases: [string, Cells, string, string][] = [
    ['no description', { description: '' }, 'cms.description-missing', 'A4'],
    ['no setting', { setting: '' }, 'cms.setting-missing', 'G4'],
    ['setting unknown', { setting: 'ward' }, 'cms.setting', 'G4'],
    ['no code', { 'code|1': '', 'code|1|type': '' }, 'cms.code-missing', 'row 4'],
    ['code without type', { 'code|1|type': '' }, 'cms.code-without-type', 'C4'],
    ['type without code', { 'code|2|type': 'RC' }, 'cms.type-without-code', 'D4'],
    ['code type unknown', { 'code|1|type': 'CPT4' }, 'cms.code-type', 'C4'],
    ['zero', { 'standard_charge|gross': '0' }, 'cms.number', 'J4'],
    ['a word for a number', { 'standard_charge|gross': 'N/A' }, 'cms.number', 'J4'],
    ['payer missing', { payer_name: '' }, 'cms.payer-missing', 'L4'],
    ['plan missing', { plan_name: '' }, 'cms.plan-missing', 'M4'],
    ['methodology missing', { 'standard_charge|methodology': '' }, 'cms.methodology-missing', 'U4'],
    ['methodology unknown', { 'standard_charge|methodology': 'barter' }, 'cms.methodology', 'U4'],
    ['other without notes', { 'standard_charge|methodology': 'other' }, 'cms.notes-for-other', 'X4'],
    ['dollar without min', { 'standard_charge|min': '' }, 'cms.min-max-missing', 'V4'],
    ['dollar without max', { 'standard_charge|max': '' }, 'cms.min-max-missing', 'W4'],
    [
      'percentage without count',
      {
        'standard_charge|negotiated_percentage': '70',
        median_amount: '1',
        '10th_percentile': '1',
        '90th_percentile': '1',
      },
      'cms.count-missing',
      'T4',
    ],
    [
      'percentage without median',
      {
        'standard_charge|negotiated_percentage': '70',
        count: '12',
        '10th_percentile': '1',
        '90th_percentile': '1',
      },
      'cms.median-missing',
      'Q4',
    ],
    [
      'count zero without notes',
      { 'standard_charge|negotiated_percentage': '70', count: '0' },
      'cms.notes-for-count-zero',
      'X4',
    ],
    ['count malformed', { count: '7' }, 'cms.count', 'T4'],
    ['NDC without drug', { 'code|1|type': 'NDC' }, 'cms.drug-for-ndc', 'H4'],
    ['drug type without unit', { drug_type_of_measurement: 'ML' }, 'cms.drug-unit', 'H4'],
    [
      'drug type unknown',
      { drug_unit_of_measurement: '1', drug_type_of_measurement: 'XX' },
      'cms.drug-type',
      'I4',
    ],
    ['nine nines', { count: '999999999' }, 'cms.nine-nines', 'T4'],
    ['min above max', { 'standard_charge|min': '500' }, 'glimmr.min-above-max', 'V4'],
    [
      'percentage of 5550',
      {
        'standard_charge|negotiated_percentage': '5550',
        count: '12',
        median_amount: '1',
        '10th_percentile': '1',
        '90th_percentile': '1',
      },
      'glimmr.percentage-range',
      'O4',
    ],
  ]
  for (const [name, cells, rule, cell] of cases) {
    const found = await one({ ...anItem, ...cells })
    t.ok(
      found.some(finding => finding.rule === rule && finding.cell === cell),
      `${name}: ${JSON.stringify(found.map(f => [f.rule, f.cell]))}`,
    )
  }
})

t.test(
  'a row with values beyond the last header is rejected; a short row is read as blank there',
  async t => {
    const shifted =
      'MRI, of brain,70551,CPT,,,,outpatient,,,1200,1080,Acme,PPO,400,,,,,,,fee schedule,250,400,note,more'
    const { result, counts, rejected } = await readBytes(
      csv([shifted, 'CT,70552,CPT,,,,outpatient,,,1200,1080']),
    )
    t.same(result.counts, { seen: 2, loaded: 1, rejected: 1, blank: 0 })
    t.equal(counts['glimmr.row-long'], 1)
    t.equal(counts['glimmr.row-short'], 1)
    t.match(rejected, [{ row: 4, rule: 'glimmr.row-long' }])
    t.ok(
      (counts['cms.code-type'] ?? 0) > 0,
      'what it says under its headers is checked nevertheless, as CMS does',
    )
  },
)

t.test('where no row can be loaded, what CMS says of headers and rows is told as well', async t => {
  const headers = tallHeaders.filter(header => header !== 'setting')
  const row = `${headers.map(() => 'x').join(',')},more`
  const refusal = await readBytes(csv([row], { headers })).catch(error => error)
  const rules = refusal.reasons.map(({ rule }: { rule: string }) => rule)
  for (const rule of ['glimmr.rows-rejected', 'glimmr.row-long', 'cms.column-missing', 'cms.number'])
    t.ok(rules.includes(rule), rule)
})

t.test('a quote that is never closed is told in a row of headers, too', async t => {
  const text = csv([anItem])
  const { counts, findings } = await readBytes(text.replace('A Person', '"A Person'))
  t.equal(counts['glimmr.unclosed-quote'], 1)
  t.match(findings, [{ rule: 'glimmr.unclosed-quote', cell: 'row 2' }])
})

t.test('a quote that stands alone in a row is told, and takes nothing with it', async t => {
  const good = csv([anItem])
  for (const text of [`${good}"\n${csv([{ ...anItem, plan_name: 'Other' }]).split('\n')[3]}\n`, `${good}"`]) {
    const { counts, findings, result } = await readBytes(text)
    t.equal(counts['glimmr.unclosed-quote'], 1)
    t.match(
      findings.filter(({ rule }) => rule === 'glimmr.unclosed-quote'),
      [{ row: 5, cell: 'row 5' }],
    )
    t.match(result.counts, { rejected: 0, blank: 1 })
  }
})

t.test('a column of another template is read, and held against no rule of its own', async t => {
  const headers = [...tallHeaders, 'estimated_amount']
  const { counts, tables } = await readBytes(csv([{ ...anItem, estimated_amount: '0' }], { headers }))
  t.same(
    Object.keys(counts).filter(rule => rule.startsWith('cms.') && rule !== 'cms.estimated-amount'),
    [],
  )
  t.equal(tables.rates[0]?.estimated_amount, '0')
})

t.test('bytes that are not UTF-8 are read as Windows-1252, and the first bad byte is named', async t => {
  const bytes = Buffer.from(csv([{ ...anItem, description: 'Caf\x92' }]), 'latin1')
  const { tables, findings } = await readBytes(bytes)
  t.equal(tables.items[0]?.description, 'Caf\u2019')
  const found = findings.find(finding => finding.rule === 'glimmr.encoding')
  t.match(found?.message, new RegExp(`offset ${bytes.indexOf(0x92)}\\.`))
  t.equal(found?.cell, 'A4')
})

t.test('a flood is counted in full and sampled at a hundred; values are cut at 200 bytes', async t => {
  const { counts, findings } = await readBytes(
    csv(Array.from({ length: 250 }, () => ({ ...anItem, setting: `ward ${'é'.repeat(300)}` }))),
  )
  t.equal(counts['cms.setting'], 250)
  const samples = findings.filter(finding => finding.rule === 'cms.setting')
  t.equal(samples.length, 100)
  t.ok(samples.every(sample => Buffer.byteLength(sample.value ?? '') <= 200))
})

t.test('rows 1 to 3: what is missing, doubled or wrong', async t => {
  const text = csv([anItem], {
    headers: [...tallHeaders.filter(name => name !== 'standard_charge|min'), 'setting'],
  })
    .replace('license_number|TX', 'license_number|XX')
    .replace('2026-04-01', 'April')
    .replace('attester_name', 'attester')
    .replace(',3.0.0,', ',2.0.0,')
    .replace(',true,', ',maybe,')
  const { findings, result } = await readBytes(text)
  const found = findings.map(({ rule, cell }) => `${rule} ${cell}`)
  for (const expected of [
    'cms.state F1',
    'cms.date B2',
    'cms.header-missing row 1',
    'cms.version-mismatch C2',
    'cms.attestation-value H2',
    'cms.column-missing row 3',
    'cms.column-duplicate X3',
  ])
    t.ok(found.includes(expected), `${expected} in ${found.join(', ')}`)
  t.equal(result.counts.loaded, 1, 'and the rows are loaded all the same')
})

t.test('values of row 2 that commas have moved are kept, told, and marked as moved', async t => {
  const text = csv([anItem])
  const moved = text.replace('"1 Main St, Austin, TX"', '1 Main St, Austin, TX')
  const { result, findings } = await readBytes(moved)
  t.equal(result.general.shifted, true)
  t.match(
    findings.filter(({ layer }) => layer === 'glimmr'),
    [
      { rule: 'glimmr.npi' },
      { rule: 'glimmr.general-shifted', row: 2, cell: 'J2', value: 'true' },
    ].toReversed(),
  )
  t.match(result.general.all, {
    'license_number|TX': 'Austin',
    type_2_npi: 'TX',
    '(column J)': 'true',
    '(column K)': 'A Person',
  })
  for (const sound of [
    text,
    text.replace('A Person\n', 'A Person,,,\n'),
    text.replace('attester_name\n', 'attester_name,,\n'),
  ]) {
    const read = await readBytes(sound)
    t.equal(read.result.general.shifted, false)
    t.same(read.findings, [])
  }
  const padded = moved.replace('attester_name\n', 'attester_name,,\n')
  t.equal((await readBytes(padded)).result.general.shifted, true, 'under headers that are blank as well')
})

t.test('wide: methodology is asked of every payer with a charge, at its own column', async t => {
  const headers = wideHeaders(['Acme|PPO', 'Beta|HMO'])
  const { findings } = await readBytes(
    csv(
      [
        {
          description: 'CT',
          'code|1': '70450',
          'code|1|type': 'CPT',
          setting: 'both',
          'standard_charge|min': '1',
          'standard_charge|max': '2',
          'standard_charge|Beta|HMO|negotiated_dollar': '2',
        },
      ],
      { headers },
    ),
  )
  t.match(findings, [{ rule: 'cms.methodology-missing', columnName: 'standard_charge|Beta|HMO|methodology' }])
})
