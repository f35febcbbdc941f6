import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { changeSchema } from './change.ts'

type Change = {
  change: string
  codes: { code: string }[]
  payer: string | null
  plan: string | null
  description: string
  from: Record<string, unknown> | null
  to: Record<string, unknown> | null
}

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const reader = { organisation: await seedOrganisation(service.db.pool, 'Reader') }
  /** Two filings of one hospital, and the changes between them, as another organisation sees them. */
  const filings = async (before: SeedItem[], after: SeedItem[]) => {
    const { hospital_id, file_id: from } = await seedFile(service.db.pool, { organisation, items: before })
    const { file_id: to } = await seedFile(service.db.pool, { organisation, hospital_id, items: after })
    const url = `/v1/core/hospitals/${hospital_id}/diff?from=${from}&to=${to}`
    const get = (query = '') => service.call(url + query, reader)
    return {
      hospital_id,
      from,
      to,
      get,
      changes: async (query = ''): Promise<Change[]> => (await get(query)).json().changes,
    }
  }
  return { ...service, organisation, reader, filings }
}

const item = (
  code: string,
  rates: [plan: string, dollar: string][],
  more: Partial<SeedItem['charges'][0]> = {},
): SeedItem => ({
  description: `Item ${code}`,
  codes: [[code, 'CPT']],
  charges: [
    {
      setting: 'outpatient',
      ...more,
      rates: rates.map(([plan, dollar]) => ({ payer: 'Acme', plan, dollar })),
    },
  ],
})

t.test('added, removed and changed prices are told, each by the code and the payer it is for', async t => {
  const { filings } = await core(t)
  const { changes, get } = await filings(
    [
      item(
        '10',
        [
          ['PPO', '1.50'],
          ['HMO', '2'],
        ],
        { gross: '9' },
      ),
      item('20', [['PPO', '5']]),
      item('30', [['PPO', '7']]),
    ],
    [
      item('30', [['PPO', '7.00']]),
      item(
        '10',
        [
          ['PPO', '1.75'],
          ['POS', '3'],
        ],
        { gross: '9.50' },
      ),
      item('40', [['PPO', '8']]),
    ],
  )
  const found = await changes()
  t.same(
    found.map(({ change, codes, plan, from, to }) => [
      change,
      codes[0]?.code,
      plan,
      from?.negotiated_dollar ?? from?.gross ?? null,
      to?.negotiated_dollar ?? to?.gross ?? null,
    ]),
    [
      ['changed', '10', null, 9, 9.5],
      ['removed', '10', 'HMO', 2, null],
      ['added', '10', 'POS', null, 3],
      ['changed', '10', 'PPO', 1.5, 1.75],
      ['removed', '20', 'PPO', 5, null],
      ['added', '40', 'PPO', null, 8],
    ],
    'rows in another order and 7.00 for 7 are no change',
  )
  for (const change of found) t.doesNotThrow(() => changeSchema.parse(change))
  t.ok((await get()).body.includes('"negotiated_dollar":1.50'), 'with the digits of the file')
  t.same((await changes('&change=changed')).length, 2)
  t.same(
    (await changes('&code=20&code_type=CPT')).map(({ change }) => change),
    ['removed'],
  )
  t.same(await changes('&code=30'), [])
  t.same(await changes('&code=20&code_type=RC'), [])
})

t.test(
  'what repeats, stands in several rows or is written in another case is not mistaken for a change',
  async t => {
    const { filings } = await core(t)
    const twice = item('10', [
      ['PPO', '1'],
      ['PPO', '1'],
      ['PPO', '2'],
    ])
    const split: SeedItem = {
      ...twice,
      charges: [
        ...twice.charges,
        { setting: 'OUTPATIENT', rates: [{ payer: 'Acme', plan: 'PPO', dollar: '2.0' }] },
      ],
    }
    t.same(await (await filings([twice], [split])).changes(), [])
    const modifiers = (list: string[]) => item('10', [['PPO', '1']], { modifiers: list })
    t.same(
      await (await filings([modifiers(['26', 'TC'])], [modifiers(['TC', '26'])])).changes(),
      [],
      'modifiers are a set',
    )
    t.equal(
      (await (await filings([modifiers(['26'])], [modifiers([])])).changes()).length,
      2,
      'another set is another price',
    )
    const ambiguous = await (
      await filings(
        [
          item('10', [
            ['PPO', '1'],
            ['PPO', '2'],
            ['PPO', '3'],
          ]),
        ],
        [
          item('10', [
            ['PPO', '2'],
            ['PPO', '4'],
          ]),
        ],
      )
    ).changes()
    t.same(
      ambiguous.map(({ change, from, to }) => [change, from?.negotiated_dollar, to?.negotiated_dollar]),
      [
        ['changed', 1, 4],
        ['removed', 3, undefined],
      ],
    )
  },
)

t.test(
  "an item is known by the hospital's own code though it is described anew, else by its description too",
  async t => {
    const { filings } = await core(t)
    const rates = [{ payer: 'Acme', dollar: '1' }]
    const own = (description: string): SeedItem => ({
      description,
      codes: [
        ['10', 'CPT'],
        ['A1', 'CDM'],
      ],
      charges: [{ rates }],
    })
    t.same(await (await filings([own('MRI')], [own('MRI of brain')])).changes(), [])
    const shared = (description: string): SeedItem => ({
      description,
      codes: [['0636', 'RC']],
      charges: [{ rates }],
    })
    t.same(await (await filings([shared('Aspirin  5 MG')], [shared('ASPIRIN 5 mg')])).changes(), [])
    const renamed = await (await filings([shared('Aspirin')], [shared('Ibuprofen')])).changes()
    t.same(renamed.map(({ change, description }) => [change, description]).sort(), [
      ['added', 'Ibuprofen'],
      ['removed', 'Aspirin'],
    ])
  },
)

t.test('pages and lines give the same changes, each once', async t => {
  const { filings, db } = await core(t)
  const many = (dollar: (n: number) => string): SeedItem[] =>
    Array.from({ length: 900 }, (_, n) =>
      item(String(n), [
        ['A', dollar(n)],
        ['B', '1'],
        ['C', dollar(n)],
      ]),
    )
  const { get } = await filings(
    many(n => String(n)),
    many(n => (n % 3 ? String(n) : `${n}.5`)),
  )
  const lines = (await get('&format=ndjson')).body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.same(lines.pop(), { summary: { added: 0, removed: 0, changed: 600 } })
  t.equal(lines.length, 600)
  for (const limit of [7, 500]) {
    const paged: unknown[] = []
    for (let cursor = ''; ; ) {
      const page = (await get(`&limit=${limit}${cursor && `&cursor=${cursor}`}`)).json()
      t.ok(page.changes.length <= limit)
      paged.push(...page.changes)
      if (!page.next_cursor) break
      cursor = page.next_cursor
    }
    t.same(paged, lines, `${limit} at a time`)
  }
  const { rows } = await db.pool.query(
    "select from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()",
  )
  t.equal(rows.length, 0, 'no snapshot is left open')
})

t.test('one group of very many equal items is compared too', async t => {
  const { filings } = await core(t)
  const same = (dollar: (n: number) => string): SeedItem[] =>
    Array.from({ length: 3_000 }, (_, n) => ({
      description: 'Implant',
      codes: [['0278', 'RC']],
      charges: [{ rates: [{ payer: 'Acme', plan: 'PPO', dollar: dollar(n) }] }],
    }))
  const { changes } = await filings(
    same(n => String(n)),
    same(n => String(n + 1)),
  )
  const found = await changes()
  t.same(
    found.map(({ from, to }) => [from?.negotiated_dollar, to?.negotiated_dollar]),
    [[0, 3000]],
  )
})

t.test('files of another hospital, or never published, are not there; and it needs core:read', async t => {
  const { filings, call, db, organisation, reader } = await core(t)
  const { hospital_id, from, to, get } = await filings([item('1', [])], [item('1', [])])
  const other = await seedFile(db.pool, { organisation })
  const rejected = await seedFile(db.pool, { organisation, hospital_id, status: 'rejected' })
  const url = (a: number, b: number) => `/v1/core/hospitals/${hospital_id}/diff?from=${a}&to=${b}`
  for (const file of [other.file_id, rejected.file_id, 99_999]) {
    t.equal((await call(url(from, file), reader)).statusCode, 404)
    t.equal((await call(url(file, to), reader)).statusCode, 404)
  }
  const base = `/v1/core/hospitals/${hospital_id}/diff`
  t.equal((await call(base, reader)).statusCode, 200, 'the current file and the one before')
  t.equal((await call(`${base}?to=${from}`, reader)).statusCode, 404, 'nothing was before the first')
  t.equal((await call(`/v1/core/hospitals/${other.hospital_id}/diff`, reader)).statusCode, 404)
  t.equal((await get('&cursor=x')).statusCode, 400)
  t.equal((await get('&limit=0')).statusCode, 400)
  t.equal((await call(url(from, to), undefined)).statusCode, 401)
  t.equal((await call(url(from, to), { ...reader, scopes: ['links:read'] })).statusCode, 403)
})
