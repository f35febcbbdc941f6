import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import t from 'tap'
import { build } from '../server.ts'

t.test('payers and plans are those of published files, found by a part of their name', async t => {
  const { db, call } = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(db.pool, 'Own')
  const rates = [
    { payer: 'Aetna', plan: 'PPO' },
    { payer: 'Aetna', plan: null },
    { payer: 'AETNA Better Health', plan: 'Medicaid' },
    { payer: 'Cigna', plan: 'ppo plus' },
  ]
  await seedFile(db.pool, { organisation, items: [{ charges: [{ rates }] }] })
  const hidden = [{ payer: 'Aetna of a rejected file', plan: 'PPO' }]
  await seedFile(db.pool, { organisation, status: 'rejected', items: [{ charges: [{ rates: hidden }] }] })
  const get = async (url: string) => (await call(url, { organisation })).json()
  const { payers } = await get('/v1/core/payers?name=aetna')
  t.match(payers, [{ name: 'Aetna' }, { name: 'AETNA Better Health' }])
  t.equal(payers.length, 2)
  t.match((await get(`/v1/core/plans?payer_id=${payers[0].id}`)).plans, [
    { payer: 'Aetna', name: 'PPO' },
    { name: null },
  ])
  t.match((await get('/v1/core/plans?name=PPO')).plans, [{ payer: 'Aetna', name: 'PPO' }, { payer: 'Cigna' }])
  const first = await get('/v1/core/plans?limit=3')
  t.match(await get(`/v1/core/plans?limit=3&cursor=${first.next_cursor}`), {
    plans: [{ payer: 'Cigna' }],
    next_cursor: null,
  })
  const second = await get('/v1/core/payers?limit=2')
  t.match(await get(`/v1/core/payers?limit=2&cursor=${second.next_cursor}`), {
    payers: [{ name: 'Cigna' }],
    next_cursor: null,
  })
  for (const url of ['/v1/core/payers', '/v1/core/plans']) {
    t.equal((await call(url, undefined)).statusCode, 401)
    t.equal((await call(url, { organisation, scopes: [] })).statusCode, 403)
  }
})
