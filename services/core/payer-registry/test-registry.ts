/** What tests of the registry start with: plans of some names, published. */
import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import type { Test } from 'tap'
import { build } from '../server.ts'

type Plan = {
  payer: string
  name: string | null
  canonical_payer: string | null
  payer_class: string | null
  plan_type: string | null
  because: Record<string, { rule: number | null; says: string } | null>
}
type Price = {
  payer: string | null
  plan: string | null
  canonical_payer: { id: string } | null
  payer_class: string | null
}

/** Core with a file whose one item is priced for all `names`. */
export async function startCore(t: Test, names: [payer: string, plan: string | null][]) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const reader = { organisation, scopes: ['core:read'] }
  const admin = { organisation, scopes: ['core:read', 'organisations'] }
  const rates = names.map(([payer, plan]) => ({ payer, plan, dollar: '1' }))
  await seedFile(service.db.pool, {
    organisation,
    items: [{ codes: [['70551', 'CPT']], charges: [{ setting: 'outpatient', gross: '2', rates }] }],
  })
  const get = async (url: string) => (await service.call(url, reader)).json()
  const plans = async (query = ''): Promise<Plan[]> => (await get(`/v1/core/plans?limit=500${query}`)).plans
  const prices = async (query = ''): Promise<Price[]> =>
    (await get(`/v1/core/prices?code=70551&limit=500${query}`)).prices
  const post = async (body: object, claims = admin) =>
    service.call('/v1/core/payer-rules', claims, { method: 'POST', body })
  return { ...service, organisation, reader, admin, get, plans, prices, post }
}
