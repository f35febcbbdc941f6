import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { pageOf } from '@glimmr/lib/pages'
import t from 'tap'
import { priceSchema } from '../prices/price.ts'
import { build } from '../server.ts'
import { startCore } from './test-registry.ts'

t.test('prices say who the payer is, keep the published name, and are found by it', async t => {
  const { prices, get } = await startCore(t, [
    ['AETNA [1]', 'PPO'],
    ['Aetna Inc', 'Medicaid'],
    ['Unheard of', null],
    ['Cigna', 'Exchange HMO'],
  ])
  const all = await prices()
  t.doesNotThrow(() => priceSchema.array().parse(all))
  t.match(all[0], {
    payer: 'AETNA [1]',
    canonical_payer: { id: 'aetna', name: 'Aetna' },
    payer_class: 'commercial',
    plan_type: 'ppo',
  })
  const found = async (query: string) => (await prices(query)).map(price => price.payer)
  t.same(await found('&canonical_payer=aetna'), ['AETNA [1]', 'Aetna Inc'])
  t.same(await found('&payer_class=medicaid'), ['Aetna Inc'])
  t.same(await found('&payer_class=exchange&plan_type=hmo'), ['Cigna'])
  t.same(await found('&canonical_payer=aetna&payer_class=exchange'), [])
  t.same(await found('&canonical_payer=nobody'), [])
  t.same(await found('&payer=aetna&payer_class=commercial'), ['AETNA [1]'])
  t.equal((await get('/v1/core/prices?code=1&payer_class=rich')).status, 400)
})

t.test('a rule holds at once for what was published before, and no longer when it is deleted', async t => {
  const { prices, plans, post, call, admin, get, db } = await startCore(t, [
    ['Embassy of Qatar', 'Inpatient'],
    ['Aetna', 'Qatar Airways'],
    ['Aetna', 'PPO'],
  ])
  const put = await call('/v1/core/canonical-payers/qatar', admin, {
    method: 'PUT',
    body: { name: 'State of Qatar', default_class: 'government' },
  })
  t.match(put.json(), { slug: 'qatar', plans_changed: 0 })
  const made = await post({ kind: 'payer', target: 'qatar', phrase: 'Embassy of QATAR!' })
  t.equal(made.statusCode, 201)
  t.match(made.json(), { phrase: 'embassy of qatar', plans_changed: 1, created_by: /./ })
  t.same(
    (await prices('&canonical_payer=qatar')).map(price => [price.payer, price.payer_class]),
    [['Embassy of Qatar', 'government']],
  )
  const word = (await post({ kind: 'class', target: 'self_pay', phrase: 'airways', priority: 50 })).json()
  t.equal(word.plans_changed, 1)
  t.same(
    (await plans('&payer_class=self_pay')).map(plan => plan.name),
    ['Qatar Airways'],
  )
  t.match(await get('/v1/core/payer-rules?kind=class&target=self_pay'), {
    payer_rules: [{}, {}, { id: word.id }],
    next_cursor: null,
  })
  const forgotten = await call(`/v1/core/payer-rules/${word.id}`, admin, { method: 'DELETE' })
  t.same(forgotten.json(), { plans_changed: 1 })
  t.same(await plans('&payer_class=self_pay'), [])
  await call('/v1/core/canonical-payers/qatar', admin, {
    method: 'PUT',
    body: { name: 'Qatar', default_class: 'other' },
  })
  t.same((await prices('&payer_class=other')).length, 1)
  t.match(await get('/v1/core/canonical-payers?name=qatar'), {
    canonical_payers: [{ slug: 'qatar', aliases: ['embassy of qatar'], plans: 1 }],
  })
  t.same((await call('/v1/core/canonical-payers/qatar', admin, { method: 'DELETE' })).json(), {
    plans_changed: 1,
  })
  t.same(
    (await plans('&unmatched=payer')).map(plan => plan.payer),
    ['Embassy of Qatar'],
  )
  const { rows } = await db.pool.query<{ action: string }>('select action from core.audit_log order by id')
  t.same(
    rows.map(row => row.action),
    [
      'canonical_payer.changed',
      'payer_rule.created',
      'payer_rule.created',
      'payer_rule.deleted',
      'canonical_payer.changed',
      'canonical_payer.deleted',
    ],
  )
})

t.test(
  'a name written together is taught as it is written, and a phrase may say that it tells nothing',
  async t => {
    const { plans, post } = await startCore(t, [
      ['EmbassyofQatar', null],
      ['EMBASSYOFQATAR', 'Cash'],
      ['Aetna Senior Living', 'Employees'],
      ['Aetna', 'Off Exchange'],
    ])
    const made = await post({ kind: 'payer', target: 'tricare', phrase: 'EmbassyofQatar' })
    t.match(made.json(), { phrase: 'embassyofqatar', plans_changed: 2 })
    const nobody = await post({ kind: 'payer', target: 'unclear', phrase: 'Aetna Senior Living' })
    t.match(nobody.json(), { target: 'unclear', plans_changed: 1 })
    const noClass = await post({ kind: 'class', target: 'unclear', phrase: 'cash' })
    t.match(noClass.json(), { plans_changed: 1 })
    const off = await post({ kind: 'class', target: 'other', phrase: 'off-exchange' })
    t.match(off.json(), { plans_changed: 1 })
    t.match(await plans(), [
      { canonical_payer: 'tricare', payer_class: 'government' },
      {
        canonical_payer: 'tricare',
        payer_class: null,
        because: { payer_class: { says: 'contains “cash”' } },
      },
      { canonical_payer: null, because: { canonical_payer: { says: 'contains “aetna senior living”' } } },
      { canonical_payer: 'aetna', payer_class: 'other' },
    ])
  },
)

t.test('what makes no sense is refused, and only operators teach', async t => {
  const { post, call, reader, admin } = await startCore(t, [])
  const wrong: [body: object, status: number][] = [
    [{ kind: 'payer', target: 'nobody', phrase: 'x' }, 404],
    [{ kind: 'class', target: 'rich', phrase: 'x' }, 400],
    [{ kind: 'plan_type', target: 'rich', phrase: 'x' }, 400],
    [{ kind: 'plan_type', target: 'unclear', phrase: 'x' }, 400],
    [{ kind: 'class', target: 'medicaid', phrase: '[1] !!' }, 400],
    [{ kind: 'class', target: 'medicaid', phrase: 'x'.repeat(101) }, 400],
    [{ kind: 'class', target: 'commercial', phrase: 'Medicaid' }, 409],
    [{ kind: 'class', target: 'medicaid', phrase: 'x', match: 'regex' }, 400],
  ]
  for (const [body, status] of wrong) t.equal((await post(body)).statusCode, status, JSON.stringify(body))
  const tenant = { ...reader, scopes: ['core:read', 'admin'] }
  for (const claims of [reader, tenant])
    t.equal((await post({ kind: 'class', target: 'medicaid', phrase: 'x' }, claims)).statusCode, 403)
  const calls = [
    ['PUT', '/v1/core/canonical-payers/x'],
    ['DELETE', '/v1/core/canonical-payers/x'],
    ['DELETE', '/v1/core/payer-rules/1'],
  ] as const
  for (const [method, url] of calls) {
    t.equal(
      (await call(url, reader, { method, ...(method === 'PUT' && { body: { name: 'x' } }) })).statusCode,
      403,
      url,
    )
    t.equal((await call(url, undefined, { method })).statusCode, 401, url)
  }
  t.equal((await call('/v1/core/payer-rules/999999', admin, { method: 'DELETE' })).statusCode, 404)
  t.equal((await call('/v1/core/canonical-payers/x', admin, { method: 'DELETE' })).statusCode, 404)
  for (const slug of ['Not-a-slug', 'unclear'])
    t.equal(
      (await call(`/v1/core/canonical-payers/${slug}`, admin, { method: 'PUT', body: { name: 'x' } }))
        .statusCode,
      400,
    )
  t.equal(
    (await call('/v1/core/canonical-payers/cigna-2', admin, { method: 'PUT', body: { name: 'Cigna' } }))
      .statusCode,
    409,
  )
})

t.test('a price says what keeps it from being compared', async t => {
  const { call, db, organisation } = await createTestService(t, { build, role: 'glimmr_core' }).then(
    async service => ({
      ...service,
      organisation: await seedOrganisation(service.db.pool, 'Own'),
    }),
  )
  await seedFile(db.pool, {
    organisation,
    items: [
      {
        codes: [['70551', 'HCPCS']],
        charges: [
          {
            setting: 'outpatient',
            billing_class: 'facility',
            rates: [
              { payer: 'A', dollar: '10' },
              { payer: 'A', percentage: '70.50' },
              { payer: 'A', algorithm: 'see contract' },
              { payer: 'A', dollar: '999999999' },
              { payer: 'A', dollar: '10', methodology: 'per diem' },
            ],
          },
          {
            setting: 'outpatient',
            billing_class: 'facility',
            modifiers: ['TC', '26'],
            rates: [{ payer: 'A', dollar: '5' }],
          },
          { gross: '3' },
        ],
      },
      {
        codes: [['70551', 'CDM']],
        charges: [{ setting: 'inpatient', rates: [{ payer: 'A', dollar: '1' }] }],
      },
    ],
  })
  const { prices } = (await call('/v1/core/prices?code=70551', { organisation })).json()
  t.doesNotThrow(() => pageOf('prices', priceSchema).parse({ prices, next_cursor: null }))
  t.same(
    prices.map((price: { comparable: boolean; blockers: { reason: string }[]; context: string }) => [
      price.comparable,
      price.blockers.map(({ reason }) => reason).join(),
      price.context,
    ]),
    [
      [true, '', 'outpatient facility - -'],
      [false, 'percentage', 'outpatient facility - -'],
      [false, 'algorithm', 'outpatient facility - -'],
      [false, 'placeholder', 'outpatient facility - -'],
      [false, 'per_diem', 'outpatient facility - -'],
      [false, 'modifiers', 'outpatient facility 26+TC -'],
      [false, 'no_rate,no_setting', '- - - -'],
      [false, 'own_code', 'inpatient - - -'],
    ],
  )
  t.match(prices[1].blockers, [{ detail: '70.5 % and no dollar amount' }])
  const count = async (query: string) =>
    (await call(`/v1/core/prices?code=70551&${query}`, { organisation })).json().prices?.length
  t.equal(await count('modifiers=tc,26'), 1, 'modifiers are a set')
  t.equal(await count('modifiers=26'), 0)
  t.equal(await count('modifiers=none'), 7)
  t.equal(await count('modifiers=26%3BTC'), undefined)
  const typed = (await call('/v1/core/prices?code=70551&code_type=CPT', { organisation })).json()
  t.equal(typed.prices.length, 7, 'a CPT code is found though it is labelled HCPCS')
})
