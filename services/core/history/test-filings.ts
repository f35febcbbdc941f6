/** A service with filings of one hospital, for tests of what changed between them. */
import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import type { Test } from 'tap'
import { build } from '../server.ts'

type Change = {
  change: string
  codes: { code: string }[]
  payer: string | null
  plan: string | null
  description: string
  from: Record<string, unknown> | null
  to: Record<string, unknown> | null
}

export async function core(t: Test, more: { diffTimeoutMs?: number } = {}) {
  const built: typeof build = config => build({ ...config, ...more })
  const service = await createTestService(t, { build: built, role: 'glimmr_core' })
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

/** An item of one code, with rates of one payer's plans. */
export const item = (
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
