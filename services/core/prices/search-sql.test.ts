import { type SeedItem, seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestDatabase } from '@glimmr/dev/testing'
import t from 'tap'
import { type PriceSearch, priceKeys } from './search-sql.ts'

type PlanNode = { 'Relation Name'?: string; 'Actual Loops': number; Plans?: PlanNode[] }

/** How often the statement looked into the table. */
function visits(node: PlanNode, table: string): number {
  const own = node['Relation Name'] === table ? node['Actual Loops'] : 0
  return (node.Plans ?? []).reduce((sum, child) => sum + visits(child, table), own)
}

t.test('which plans a file prices is asked only of files that have the code', async t => {
  const db = await createTestDatabase(t)
  const organisation = await seedOrganisation(db.pool, 'Own')
  const item = (code: string): SeedItem => ({
    codes: [[code, 'CPT']],
    charges: [{ rates: [{ payer: 'Acme', dollar: '1' }] }],
  })
  for (const code of ['70551', '70552', '70552', '70551', '70552'])
    await seedFile(db.pool, { organisation, hospital: `H ${code}`, items: [item('99213'), item(code)] })
  const search: PriceSearch = {
    code: '70551',
    codeTypes: undefined,
    payers: { ids: [1] },
    plans: null,
    match: {},
    hospitalId: undefined,
    setting: undefined,
    billingClass: undefined,
    asOf: undefined,
    after: undefined,
    limit: 51,
  }
  const { text, values } = priceKeys(search)
  t.equal((await db.pool.query(text, values)).rowCount, 2)
  const { rows } = await db.pool.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
    `explain (analyze, format json) ${text}`,
    values,
  )
  const plan = rows[0]?.['QUERY PLAN'][0]?.Plan
  t.equal(plan && visits(plan, 'file_plans'), 2)
})
