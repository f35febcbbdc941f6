import { type SeedItem, seedFile } from '@glimmr/dev/test-prices'
import t from 'tap'
import { changeSchema } from './change.ts'
import { core, item } from './test-filings.ts'

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
  'a code means in a diff what it means in a search: under either label, in any of its spellings',
  async t => {
    const { filings, call, reader } = await core(t)
    const priced = (dollar: string): SeedItem[] =>
      (
        [
          ['70551', 'HCPCS'],
          ['0003-0293-28', 'NDC'],
          ['0636', 'RC'],
          ['70551', 'CDM'],
        ] as const
      ).map(([code, type]) => ({
        codes: [[code, type]],
        charges: [{ rates: [{ payer: 'Acme', dollar }] }],
      }))
    const { get } = await filings(priced('1'), priced('2'))
    for (const [query, found] of [
      ['code=70551&code_type=CPT', 1],
      ['code=70551&code_type=hcpcs', 1],
      ['code=70551', 2],
      ['code=0003-0293-28', 1],
      ['code=00003-0293-28', 1],
      ['code=00003029328', 1],
      ['code=636&code_type=RC', 1],
      ['code=636', 0],
    ] as const) {
      t.equal((await get(`&${query}`)).json().changes.length, found, query)
      t.equal((await call(`/v1/core/prices?${query}`, reader)).json().prices.length, found, query)
    }
    t.match((await get('&code_type=RC')).json(), { status: 400, errors: [{ path: 'code_type' }] })
  },
)

t.test('every side of a change has the id of a price, which shows the amounts that changed', async t => {
  const { filings, call, reader } = await core(t)
  const bare = (gross: string): SeedItem => ({ codes: [['20', 'CPT']], charges: [{ gross }] })
  const { changes } = await filings(
    [
      item(
        '10',
        [
          ['PPO', '1'],
          ['HMO', '2'],
        ],
        { gross: '9' },
      ),
      bare('5'),
    ],
    [
      item(
        '10',
        [
          ['PPO', '1'],
          ['HMO', '3'],
        ],
        { gross: '8' },
      ),
      bare('6'),
    ],
  )
  const found = await changes()
  t.equal(found.length, 3)
  for (const { to } of found)
    t.match((await call(`/v1/core/prices/${to?.price_id}`, reader)).json(), {
      ...(to?.gross === undefined ? { negotiated_dollar: to?.negotiated_dollar } : { gross: to?.gross }),
    })
  for (const id of found.flatMap(({ from, to }) => [from?.price_id, to?.price_id]))
    t.match(
      (await call(`/v1/core/prices/${id}/proof`, reader)).json().detail,
      /started without an object store/,
      `${id} is a price of a filing`,
    )
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
