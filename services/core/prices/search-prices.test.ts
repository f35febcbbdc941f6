import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { priceSchema } from './price.ts'

type Price = Record<string, unknown> & { id: string; hospital: { name: string }; file: { id: number } }

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const other = await seedOrganisation(service.db.pool, 'Other')
  const search = async (query: string) => {
    const answer = await service.call(`/v1/core/prices?${query}`, { organisation })
    return {
      answer,
      status: answer.statusCode,
      ...answer.json<{ prices: Price[]; next_cursor: string | null }>(),
    }
  }
  return { ...service, organisation, other, search }
}

const mri: SeedItem = {
  description: 'MRI brain w/o contrast',
  codes: [
    ['70551', 'CPT'],
    ['0611', 'RC'],
  ],
  charges: [
    {
      setting: 'outpatient',
      billing_class: 'facility',
      modifiers: ['26'],
      gross: '3383477532.874180',
      cash: '12.50',
      minimum: '0.01',
      maximum: '1.10',
      notes: 'generic',
      rates: [
        {
          payer: 'Bay State Health',
          plan: 'PPO',
          dollar: '12.50',
          methodology: 'fee schedule',
          notes: 'own note',
        },
        {
          payer: 'Aetna 100%_Plan',
          plan: 'HMO',
          percentage: '70.50',
          algorithm: '70.5% of charges',
          median: '900.10',
          p10: '1.00',
          p90: '2.00',
          count: '1 through 10',
        },
        { payer: 'Aetna Better', dollar: '1.1000' },
      ],
    },
    { setting: 'inpatient', gross: '5.00', cash: '4.0' },
  ],
}

t.test('a price has everything that was published, with its digits, and says where it stands', async t => {
  const { organisation, db, search } = await core(t)
  await seedFile(db.pool, { organisation, hospital: 'River Valley', filename: 'rv.csv', items: [mri] })
  const { answer, status, prices, next_cursor } = await search('code=70551&code_type=cpt')
  t.equal(status, 200)
  t.equal(next_cursor, null)
  t.equal(answer.headers.link, undefined)
  t.equal(prices.length, 4, 'three rates, and the charge without a payer')
  t.doesNotThrow(() => pageOf('prices', priceSchema).parse(answer.json()), 'as the document says')
  for (const digits of [
    '"negotiated_dollar":12.50,',
    '"negotiated_dollar":1.1000,',
    '"negotiated_percentage":70.50,',
  ])
    t.ok(answer.body.includes(digits), digits)
  t.ok(answer.body.includes('"gross":3383477532.874180,"discounted_cash":12.50,"minimum":0.01,'))
  t.match(prices[0], {
    description: 'MRI brain w/o contrast',
    codes: [
      { code: '70551', type: 'CPT' },
      { code: '0611', type: 'RC' },
    ],
    setting: 'outpatient',
    billing_class: 'facility',
    modifiers: ['26'],
    payer: 'Bay State Health',
    plan: 'PPO',
    methodology: 'fee schedule',
    notes: 'generic',
    payer_notes: 'own note',
    hospital: { name: 'River Valley', state: 'TX' },
    file: {
      filename: 'rv.csv',
      sha256: /^[0-9a-f]{64}$/,
      row: 4,
      last_updated_on: '2026-06-01',
      published_at: String,
    },
  })
  t.match(prices[1], { algorithm: '70.5% of charges', median: 900.1, p10: 1, p90: 2, count: '1 through 10' })
  t.match(prices[2], { payer: 'Aetna Better', plan: null })
  t.match(prices[3], { setting: 'inpatient', payer: null, rate_id: null, gross: 5, discounted_cash: 4 })
})

t.test('filters: code forms, payer and plan in part and any case, setting, class, hospital', async t => {
  const { organisation, other, db, search } = await core(t)
  const { hospital_id } = await seedFile(db.pool, { organisation, items: [mri] })
  await seedFile(db.pool, { organisation: other, hospital: 'Second', items: [mri], itemGroups: false })
  const count = async (query: string) => (await search(query)).prices.length
  t.equal(await count('code=70551'), 8, 'of every organisation')
  t.equal(await count('code=611&code_type=RC'), 8, 'without the leading zero')
  t.equal(await count('code=70551&code_type=RC'), 0)
  t.equal(await count('code=70551&payer=AETNA'), 4, 'no charges without a payer')
  t.equal(await count('code=70551&payer=100%25_'), 2, 'LIKE has no power here')
  t.equal(await count('code=70551&payer=%25'), 2)
  t.equal(await count('code=70551&payer=aetna&plan=hm'), 2)
  t.equal(await count('code=70551&plan=ppo&payer=aetna'), 0)
  t.equal(await count('code=70551&payer=nobody'), 0)
  t.equal(await count('code=70551&setting=inpatient'), 2)
  t.equal(await count('code=70551&billing_class=professional'), 0)
  t.equal(await count(`code=70551&hospital_id=${hospital_id}`), 4)
  t.equal(await count('code=70551&hospital_id=00000000-0000-4000-8000-000000000000'), 0)
  const [first] = (await search('code=70551&payer=bay')).prices
  t.equal(await count(`code=70551&payer_id=${first?.payer_id}&plan_id=${first?.plan_id}`), 2)
  t.equal(await count(`code=70551&payer_id=${first?.payer_id}&payer=aetna`), 0, 'both must hold')
})

t.test('what was published for both settings or classes is found under either', async t => {
  const { organisation, db, search } = await core(t)
  const charges = ['inpatient', 'outpatient', 'both', undefined].flatMap((setting, n) =>
    ['facility', 'professional', 'both', undefined].map((billing_class, m) => ({
      ...(setting && { setting }),
      ...(billing_class && { billing_class }),
      gross: `${n}${m}`,
    })),
  )
  await seedFile(db.pool, { organisation, items: [{ codes: [['70551', 'CPT']], charges }] })
  const found = async (query: string) => {
    const { prices } = await search(`code=70551&${query}`)
    return [...new Set(prices.map(price => `${price.setting} ${price.billing_class}`))]
  }
  t.same(await found('setting=inpatient&billing_class=facility'), [
    'inpatient facility',
    'inpatient both',
    'both facility',
    'both both',
  ])
  t.same(await found('setting=outpatient&billing_class=both'), ['outpatient both', 'both both'])
  t.same(await found('setting=both&billing_class=professional'), ['both professional', 'both both'])
  t.same(await found('setting=both&billing_class=both'), ['both both'])
  t.equal((await found('setting=inpatient')).length, 8, 'not what says nothing of the setting')
})

t.test('an item with the code twice is listed once', async t => {
  const { organisation, db, search } = await core(t)
  const codes: SeedItem['codes'] = [
    ['99213', 'CPT'],
    ['99213', 'HCPCS'],
  ]
  await seedFile(db.pool, { organisation, items: [{ codes, charges: [{ gross: '1' }] }] })
  t.equal((await search('code=99213')).prices.length, 1)
})

t.test('only the current file of a hospital is visible, in lists and by id', async t => {
  const { organisation, db, search, call } = await core(t)
  const { hospital_id } = await seedFile(db.pool, { organisation, items: [mri] })
  for (const status of ['loading', 'rejected', 'failed'])
    await seedFile(db.pool, { organisation, status, hospital: status, items: [mri] })
  const [before] = (await search('code=70551&limit=1')).prices
  const one = async (id: string | undefined) =>
    (await call(`/v1/core/prices/${id}`, { organisation })).statusCode
  t.equal(await one(before?.id), 200)
  const { file_id } = await seedFile(db.pool, { organisation, hospital_id, items: [mri] })
  t.equal(await one(before?.id), 404, 'superseded')
  const { prices } = await search('code=70551')
  t.same([...new Set(prices.map(price => price.file.id))], [file_id])
})

t.test('the id of a price gives that price again', async t => {
  const { organisation, db, search, call } = await core(t)
  await seedFile(db.pool, { organisation, items: [mri] })
  for (const price of (await search('code=70551')).prices)
    t.same((await call(`/v1/core/prices/${price.id}`, { organisation })).json(), price)
  const [withRate] = (await search('code=70551')).prices
  const charge = withRate?.id.split('-')[0]
  for (const id of [`${charge}-0`, `${charge}-9`, '1-1', '9999999999999999-0'])
    t.equal((await call(`/v1/core/prices/${id}`, { organisation })).statusCode, 404, id)
  for (const id of ['1', 'x-1', '1-1-1', '99999999999999999-1', '1-1%00'])
    t.equal((await call(`/v1/core/prices/${id}`, { organisation })).statusCode, 400, id)
})

t.test('the Link header leads to the next page', async t => {
  const { organisation, db, search, call } = await core(t)
  await seedFile(db.pool, { organisation, items: [mri] })
  const { answer, prices, next_cursor } = await search('code=70551&limit=3&cursor=')
  t.equal(answer.statusCode, 400, 'an empty cursor is no cursor')
  t.notOk(prices ?? next_cursor)
  const first = await search('code=70551&limit=3')
  const link = /^<([^>]+)>; rel="next"$/.exec(String(first.answer.headers.link))?.[1] ?? ''
  const second = await call(link, { organisation })
  t.match(second.json(), { prices: [{ setting: 'inpatient' }], next_cursor: null })
})

t.test('what cannot be searched is a 400 that says why', async t => {
  const { organisation, db, search } = await core(t)
  await seedFile(db.pool, { organisation, items: [mri] })
  const cursor = (await search('code=70551&limit=1')).next_cursor ?? ''
  const wrong: [query: string, path: string, message: RegExp][] = [
    ['', 'code', /is required: the billing code/],
    ['code=', 'code', /is empty/],
    ['code=%00', 'code', /NUL/],
    ['code=1&code=2', 'code', /./],
    ['code=1&limit=0', 'limit', /smaller than 1/],
    ['code=1&limit=501', 'limit', /larger than 500/],
    ['code=1&limit=1e9', 'limit', /./],
    ['code=1&setting=home', 'setting', /inpatient/],
    ['code=1&hospital_id=1', 'hospital_id', /UUID/],
    ['code=1&payer_id=99999999999', 'payer_id', /./],
    ['code=1&plam=PPO', 'plam', /not known/],
    [`code=70551&limit=1&cursor=${cursor.slice(0, -1)}`, 'cursor', /not a cursor of this list/],
    [`code=70552&limit=1&cursor=${cursor}`, 'cursor', /not a cursor of this list/],
    ['code=1&cursor=AAAAAAAAAAAAAAAAAAAAAAAAAA', 'cursor', /not a cursor of this list/],
  ]
  for (const [query, path, message] of wrong) {
    const { answer, status } = await search(query)
    t.equal(status, 400, query)
    t.match(answer.headers['content-type'], 'application/problem+json')
    t.match(answer.json().errors[0], { path, message }, query)
  }
})

t.test('a search that takes too long says how to narrow it', async t => {
  const slow: typeof build = config => build({ ...config, statementTimeoutMs: 1 })
  const { call, db } = await createTestService(t, { build: slow, role: 'glimmr_core' })
  const organisation = await seedOrganisation(db.pool, 'Own')
  await db.pool.query(
    "insert into prices.item_codes select n, 1, 1, 'X', 'CPT', 'X' from generate_series(4294967297, 4294967297 + 100000) n",
  )
  await seedFile(db.pool, { organisation, items: [] })
  const answer = await call('/v1/core/prices?code=X', { organisation })
  t.match(answer.json(), { status: 503, detail: /narrow it with hospital_id/ })
})

t.test('prices are for keys with core:read', async t => {
  const { call, organisation } = await core(t)
  for (const url of ['/v1/core/prices?code=1', '/v1/core/prices/1-1']) {
    t.equal((await call(url, undefined)).statusCode, 401)
    t.match((await call(url, { organisation, scopes: ['links:read', 'media:events'] })).json(), {
      status: 403,
      detail: /core:read/,
    })
  }
})
