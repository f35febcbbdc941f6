import { createTestDatabase } from '@glimmr/dev/testing'
import { rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
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
import { published } from '../test-load.ts'
import { elements, values } from '../test-rates.ts'

const dollar = 'standard_charge|negotiated_dollar'
const percentage = 'standard_charge|negotiated_percentage'
const plan = (at: number) => `Plan ${at}`
const {
  payer_name: _payer,
  plan_name: _plan,
  [dollar]: _dollar,
  'standard_charge|methodology': _way,
  ...bare
} = anItem

/** One charge with `count` rates, each row as `cells` says. */
const tall = (count: number, cells: (at: number) => Cells = () => ({}), description = 'One'): Cells[] =>
  Array.from({ length: count }, (_, at) => ({ ...anItem, description, plan_name: plan(at), ...cells(at) }))

t.test('a block ends after 64 rates and at another charge, in every layout', async t => {
  const pairs = Array.from({ length: 130 }, (_, at) => `Acme|${plan(at)}`)
  const wide = (description: string) => ({
    ...bare,
    description,
    ...Object.fromEntries(
      pairs.flatMap((pair, at) => [
        [`standard_charge|${pair}|negotiated_dollar`, `${at}.50`],
        [`standard_charge|${pair}|methodology`, 'fee schedule'],
      ]),
    ),
  })
  const element = (description: string) => ({
    description,
    code_information: [{ code: '70551', type: 'CPT' }],
    standard_charges: [
      {
        setting: 'outpatient',
        payers_information: pairs.map((_, at) => ({
          payer_name: 'Acme',
          plan_name: plan(at),
          methodology: 'fee schedule',
          standard_charge_dollar: at + 0.5,
        })),
      },
    ],
  })
  const priced = (at: number) => ({ [dollar]: `${at}.50` })
  for (const [layout, text] of Object.entries({
    tall: csv([...tall(130, priced), ...tall(130, priced, 'Two')]),
    wide: csv([wide('One'), wide('Two')], { headers: wideHeaders(pairs) }),
    json: json([element('One'), element('Two')]),
  })) {
    const { blocks, tables } = await readBytes(text)
    t.same(
      blocks.map(block => [block.charge_id, elements(block.plan_ids).length]),
      tables.charges.flatMap(({ id }) => [64, 64, 2].map(length => [id, length])),
      layout,
    )
    t.same(
      tables.rates.map(rate => [rate.plan_id, Number(rate.negotiated_dollar)]),
      [...pairs, ...pairs].map((_, at) => [plan(at % 130), (at % 130) + 0.5]),
      layout,
    )
    const first = Number(tables.rates[0]?.id)
    t.same(
      tables.rates.map(rate => Number(rate.id)),
      tables.rates.map((_, at) => first + at),
      `${layout}: no id is left out or given twice`,
    )
  }
})

t.test(
  'a block ends where its texts grow large: what is held stays small, however long they are',
  async t => {
    const long = (at: number) => `${at} `.padEnd(30_000, 'x')
    for (const column of ['Own', 'standard_charge|methodology', 'count']) {
      const headers = column === 'Own' ? [...tallHeaders, column] : tallHeaders
      const rows = tall(12, at => ({ [dollar]: '1.50', [column]: long(at) }))
      const { blocks, tables } = await readBytes(csv(rows, { headers }))
      t.same(
        blocks.map(block => elements(block.plan_ids).length),
        [3, 3, 3, 3],
        column,
      )
      t.equal(tables.rates.length, 12, column)
    }
  },
)

t.test('every rate keeps its row: where rows are left out, apart, or of two kinds by turns', async t => {
  const blank = ','.repeat(tallHeaders.length - 1)
  const rows = tall(200, at => (at % 3 === 1 ? { [percentage]: '70.5', median_amount: `${at}` } : {}))
  const apart = rows.flatMap((row, at) => (at % 5 === 0 ? [row, blank] : [row]))
  const { tables, blocks } = await readBytes(csv(apart))
  const found = new Map(tables.rates.map(rate => [rate.plan_id, Number(rate.row_number)]))
  const wanted = apart.flatMap((row, at) =>
    typeof row === 'string' ? [] : [[row.plan_name, at + 4] as const],
  )
  t.same([...found].sort(byRow), wanted)
  t.equal(tables.rates.length, 200)
  t.equal(new Set(tables.rates.map(rate => rate.id)).size, 200)
  for (const block of blocks) {
    const medians = values(block.median_amounts)
    t.ok(medians.length === 0 || medians.every(median => median !== null), 'no gaps')
  }
})

t.test('a charge that is come back to gets its rates, in blocks of its own', async t => {
  const charges = Array.from({ length: 20 }, (_, at) => ({
    setting: 'both',
    'standard_charge|gross': `${1000 + at}`,
  }))
  const turns = tall(400, at => ({ ...charges[at % 20], plan_name: plan(Math.floor(at / 20)) }))
  const { tables, blocks } = await readBytes(csv(turns))
  const gross = new Map(tables.charges.map(charge => [charge.id, charge.gross]))
  t.equal(tables.rates.length, 400)
  t.same(
    tables.rates.map(rate => `${rate.row_number} ${gross.get(rate.charge_id ?? '')} ${rate.plan_id}`).sort(),
    turns.map((row, at) => `${at + 4} ${1000 + (at % 20)} ${row.plan_name}`).sort(),
  )
  const places = blocks.map(block => `${block.charge_id} ${block.first_id}`)
  t.equal(new Set(places).size, places.length)
})

t.test(
  'a value that only some rates have stands at its rate, the first, the last or in the middle',
  async t => {
    for (const columns of [
      [percentage, 'negotiated_percentage'],
      ['median_amount', 'median_amount'],
      ['10th_percentile', 'percentile_10th'],
      ['90th_percentile', 'percentile_90th'],
      ['count', 'count'],
    ] as const)
      for (const places of [[0], [1], [5, 31], [63], [64], [0, 69]]) {
        const [published, stored] = columns
        // With a percentage, all of them stand together.
        const { tables } = await readBytes(
          csv(
            tall(70, at => ({
              [percentage]: '50',
              [published]: places.includes(at) ? '17' : published === percentage ? '50' : '',
            })),
          ),
        )
        t.same(
          tables.rates.filter(rate => rate[stored] === '17').map(rate => rate.plan_id),
          places.map(plan),
          `${published} at ${places}`,
        )
      }
  },
)

const odd = [
  'plain',
  'with "quotes"',
  'back\\slash \\N \\',
  'a,b,',
  '{braces}',
  'two\nlines',
  'tab\there',
  'NULL',
  'null',
  '',
  '\\.',
  'é ß ÿ',
  '"',
  "''",
]

for (const encoding of ['utf8', 'latin1'] as const)
  t.test(`text of any kind comes back as it was, in ${encoding}`, async t => {
    const db = await createTestDatabase(t)
    const turned = (at: number) => odd[at % odd.length] ?? ''
    const rows = tall(odd.length * 5, at => ({
      count: turned(at),
      'standard_charge|methodology': turned(at + 1),
      additional_generic_notes: turned(at + 2),
      'standard_charge|negotiated_algorithm': turned(at + 3),
      'Own "column"': turned(at + 4),
    }))
    const text = csv(rows, { headers: [...tallHeaders, 'Own "column"'] })
    await published(db, Buffer.from(text, encoding))
    const stored = await select<Record<string, string | null>>(
      db.pool,
      sql`
      select l.name as plan, r.count, r.methodology, n.body as notes, a.body as algorithm, r.extra ->> 'Own "column"' as own
      from prices.rates r join prices.plans l on l.id = r.plan_id
      left join prices.texts n on n.id = r.notes_id left join prices.texts a on a.id = r.algorithm_id
      order by r.row_number`,
    )
    t.same(
      stored,
      rows.map(row => ({
        plan: row.plan_name,
        count: row.count || null,
        methodology: row['standard_charge|methodology'] || null,
        notes: row.additional_generic_notes || null,
        algorithm: row['standard_charge|negotiated_algorithm'] || null,
        own: row['Own "column"'] || null,
      })),
    )
  })

t.test('a rate that is a dollar amount and something of its own has no texts of the rate before', async t => {
  const text = {
    [dollar]: '',
    'standard_charge|negotiated_algorithm': 'by contract',
    additional_generic_notes: 'why',
  }
  const own = (at: number): Cells => (at % 2 === 0 ? text : { 'own column': `${at}` })
  const inCsv = await readBytes(csv(tall(4, own), { headers: [...tallHeaders, 'own column'] }))
  const payer = { payer_name: 'Acme', plan_name: 'PPO', methodology: 'other', additional_payer_notes: 'why' }
  const inJson = await readBytes(
    json([
      {
        ...aJsonItem,
        standard_charges: [
          {
            setting: 'both',
            payers_information: [
              { ...payer, standard_charge_algorithm: 'by contract' },
              {
                payer_name: 'Acme',
                plan_name: 'HMO',
                methodology: 'per diem',
                standard_charge_dollar: 4,
                own: 1,
              },
            ],
          },
        ],
      },
    ]),
  )
  for (const { tables } of [inCsv, inJson])
    for (const rate of tables.rates)
      t.match(
        rate,
        rate.extra === null
          ? { algorithm_id: /^\d+$/, notes_id: /^\d+$/ }
          : { algorithm_id: null, notes_id: null },
      )
})

t.test('rates of payers that the database does not know wait for them, and none goes to another', async t => {
  // Every chunk names new ones, in blocks with others that were known before.
  const rows = Array.from({ length: 150 }, (_, item) =>
    tall(
      70,
      at => ({ plan_name: plan(at % 7 === 0 ? item * 70 + at : at), [dollar]: `${item * 70 + at}` }),
      `Item ${item} ${'x'.repeat(400)}`,
    ),
  ).flat()
  const names = (row: Cells) => `${row.plan_name} ${row[dollar]}`
  const { tables } = await readBytes(csv(rows.slice(0, 700)), { chunk: 999 })
  t.same(
    tables.rates.map(rate => `${rate.plan_id} ${rate.negotiated_dollar}`).sort(),
    rows.slice(0, 700).map(names).sort(),
  )
  const db = await createTestDatabase(t)
  await published(db, Buffer.from(csv(rows)))
  const stored = await select<{ rate: string }>(
    db.pool,
    sql`select l.name || ' ' || r.negotiated_dollar as rate from prices.rates r join prices.plans l on l.id = r.plan_id`,
  )
  t.same(stored.map(({ rate }) => rate).sort(), rows.map(names).sort())
})

function byRow([, a]: [unknown, number], [, b]: [unknown, number]): number {
  return a - b
}
