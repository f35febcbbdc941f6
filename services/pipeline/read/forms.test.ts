import t from 'tap'
import { csvBase, jsonBase, type Template } from '../oracle/bases.ts'
import { sheetText } from '../oracle/break-csv.ts'
import { aJsonItem, anItem, csv, flatRates, json, readBytes, tallHeaders } from '../test-files.ts'

const sheet = csv([
  { ...anItem, description: 'Réveil "x"\nzwei' },
  { ...anItem, plan_name: 'HMO' },
])
const document = json([{ ...aJsonItem, description: 'Réveil' }])

const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16()

t.test(
  'UTF-8, UTF-8 with a mark, UTF-16 of both orders with and without one, Windows-1252: one reading',
  async t => {
    for (const text of [sheet, document]) {
      const wanted = flatRates(await readBytes(text))
      const forms: [string, Buffer][] = [
        ['utf-8-bom', Buffer.from(`\ufeff${text}`)],
        ['utf-16le', Buffer.from(`\ufeff${text}`, 'utf16le')],
        ['utf-16le', Buffer.from(text, 'utf16le')],
        ['utf-16be', bigEndian(`\ufeff${text}`)],
        ['utf-16be', bigEndian(text)],
        ['windows-1252', Buffer.from(text, 'latin1')],
      ]
      for (const [encoding, bytes] of forms) {
        const read = await readBytes(bytes, { chunk: 777 })
        t.equal(read.result.encoding, encoding)
        t.same(flatRates(read), wanted, encoding)
      }
    }
  },
)

t.test(
  'lines that end in LF, CRLF, either, or CR alone; cells of several lines; no end of line at the end',
  async t => {
    const wanted = flatRates(await readBytes(sheet))
    let line = 0
    const forms = {
      crlf: sheet.replaceAll('\n', '\r\n').replace('x""\r\n', 'x""\n'),
      mixed: sheet.replaceAll(/\n/g, end => (line++ % 2 === 0 && line > 5 ? '\r\n' : end)),
      none: sheet.trimEnd(),
    }
    for (const [name, text] of Object.entries(forms)) t.same(flatRates(await readBytes(text)), wanted, name)
    const oneLine = csv([anItem, { ...anItem, plan_name: 'HMO' }])
    const carriage = await readBytes(oneLine.replaceAll('\n', '\r'))
    t.same(flatRates(carriage), flatRates(await readBytes(oneLine)))
  },
)

t.test('every template of every layout is told by its columns or keys', async t => {
  for (const template of ['2.1', '2.2', '3.0'] as Template[]) {
    for (const layout of ['tall', 'wide'] as const) {
      const { result, counts } = await readBytes(sheetText(csvBase(template, layout)))
      t.match(result, { version: template, layout })
      t.same(
        Object.keys(counts).filter(rule => rule.startsWith('cms.')),
        [],
      )
    }
    const { result } = await readBytes(JSON.stringify(jsonBase(template)))
    t.match(result, { version: template, layout: 'json' })
  }
})

t.test(
  'the version cell decides nothing: 3.0.1, 2.0.0 and a blank are read as what the columns are',
  async t => {
    for (const cell of ['3.0.1', '2.0.0', 'v3', '']) {
      const { result, counts } = await readBytes(csv([anItem]).replace(',3.0.0,', `,${cell},`))
      t.match(result, { version: '3.0', counts: { loaded: 1 } })
      t.equal(result.general.declaredVersion, cell || undefined)
      t.equal(counts[cell === '' ? 'cms.header-value-missing' : 'cms.version-mismatch'], 1)
    }
  },
)

t.test('one wrong header does not make a file another template', async t => {
  const renamed = csv([anItem]).replace('location_name', 'hospital_location')
  const { result, counts } = await readBytes(renamed)
  t.equal(result.version, '3.0')
  t.equal(counts['cms.header-missing'], 1)
})

t.test('contract provisions, the financial aid policy and headers nobody knows are kept', async t => {
  const [names = '', values = '', ...rest] = csv([anItem]).split('\n')
  const more = [
    `${names},general_contract_provisions,financial_aid_policy,motto`,
    `${values},"2 % off, net 30",https://x/aid,Care`,
  ]
  const { general } = (await readBytes([...more, ...rest].join('\n'))).result
  t.match(general, {
    generalContractProvisions: '2 % off, net 30',
    financialAidPolicy: 'https://x/aid',
    all: { motto: 'Care' },
  })
  const provisions = [{ payer_name: 'Acme', plan_name: 'PPO', provisions: 'net 30' }]
  const extra = { general_contract_provisions: provisions, financial_aid_policy: 'free', motto: 'Care' }
  t.match((await readBytes(json([aJsonItem], extra))).result.general, {
    generalContractProvisions: provisions,
    financialAidPolicy: 'free',
    all: { motto: 'Care' },
  })
})

t.test('JSON: a list given twice is read twice, and bytes behind the document are reported', async t => {
  const twice = document.replace(/\}$/, `,"standard_charge_information":[${JSON.stringify(aJsonItem)}]}`)
  const { result, counts } = await readBytes(`${twice}\n garbage`)
  t.equal(result.counts.loaded, 2)
  t.equal(counts['glimmr.duplicate-key'], 1)
  t.equal(counts['glimmr.trailing-bytes'], 1)
})

t.test(
  'what has no column stays beside its row by name: unknown columns, unreadable numbers, payers without a rate',
  async t => {
    const headers = [...tallHeaders, 'ward', 'standard_charge|Acme|negotiated_dollar']
    const read = await readBytes(
      csv(
        [
          {
            ...anItem,
            ward: 'B2',
            'standard_charge|gross': 'N/A',
            'standard_charge|Acme|negotiated_dollar': '7',
          },
          { ...anItem, 'standard_charge|negotiated_dollar': '', median_amount: '99' },
        ],
        { headers },
      ),
    )
    t.same(JSON.parse(read.tables.rates[0]?.extra ?? ''), {
      ward: 'B2',
      'standard_charge|Acme|negotiated_dollar': '7',
      'standard_charge|gross': 'N/A',
    })
    t.match(JSON.parse(read.tables.charges[1]?.extra ?? ''), {
      payer_name: 'Acme',
      plan_name: 'PPO',
      median_amount: '99',
    })
    const [charge] = aJsonItem.standard_charges
    const nobody = { payer_name: 'Beta', plan_name: 'HMO', methodology: 'other', median_amount: 12.5 }
    const item = {
      ...aJsonItem,
      standard_charges: [{ ...charge, gross_charge: 'call', payers_information: [nobody] }],
    }
    const { tables } = await readBytes(json([item]))
    t.same(JSON.parse(tables.charges[0]?.extra ?? ''), {
      gross_charge: 'call',
      payers_without_rate: [nobody],
    })
  },
)
