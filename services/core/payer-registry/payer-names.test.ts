import { createTestDatabase } from '@glimmr/dev/testing'
import { type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'

type Name = [payer: string, plan: string | null]
type Match = {
  payer: string
  plan: string | null
  canonical_payer: string | null
  payer_class: string | null
}

/** What the rules say of `names`, in their order. */
async function match(pool: Pool, names: Name[]): Promise<Match[]> {
  const given = sql`json_to_recordset(${JSON.stringify(names.map(([payer, plan], n) => ({ n, payer, plan })))})
    as g (n int, payer text, plan text)`
  await pool.query('delete from prices.plans')
  await rows(
    pool,
    sql`insert into prices.payers (name) select distinct payer from ${given} on conflict do nothing`,
  )
  await rows(
    pool,
    sql`insert into prices.plans (payer_id, name)
      select distinct y.id, plan from ${given} join prices.payers y on y.name = payer`,
  )
  await pool.query('select core.match_plans()')
  return rows<Match>(
    pool,
    sql`select payer, plan, m.canonical_payer, m.payer_class from ${given} join prices.payers y on y.name = payer
      join prices.plans l on l.payer_id = y.id and l.name is not distinct from plan
      join core.plan_matches m on m.plan_id = l.id order by n`,
  )
}

const canonicalPayers = (pool: Pool) =>
  rows<{ slug: string; name: string }>(pool, sql`select slug, name from core.canonical_payers order by slug`)

t.test('the name of every canonical payer is found as its own, also in capitals', async t => {
  const { pool } = await createTestDatabase(t)
  const payers = await canonicalPayers(pool)
  t.ok(payers.length > 180)
  for (const write of [(name: string) => name, (name: string) => name.toUpperCase()]) {
    const found = await match(
      pool,
      payers.map(({ name }) => [write(name), null]),
    )
    for (const [n, { slug, name }] of payers.entries()) t.equal(found[n]?.canonical_payer, slug, write(name))
  }
})

t.test('whose prices they are, the name of the payer says, whatever payer the plan names', async t => {
  const { pool } = await createTestDatabase(t)
  const payers = (await canonicalPayers(pool)).filter(({ slug }) => slug !== 'bcbs')
  const others = [
    'Aetna',
    'Anthem BCBS CT HMO',
    'BCBS',
    'BCBS MA HMO',
    'Blue Cross Blue Shield of Texas',
    'Highmark',
    'Select Health',
  ]
  const names = payers.flatMap(({ slug, name }) => others.map(plan => ({ slug, name: [name, plan] as Name })))
  const found = await match(
    pool,
    names.map(({ name }) => name),
  )
  const wrong = found.filter(({ canonical_payer }, n) => canonical_payer !== names[n]?.slug)
  t.same(wrong, [])
})

t.test('payers of like names are not one', async t => {
  const { pool } = await createTestDatabase(t)
  const alike = [
    ['Health Partners Plans', 'HealthPartners', 'Neighborhood Health Partners', 'AllWays Health Partners'],
    ['Select Health', 'Select Health of South Carolina', 'VNSNY CHOICE SELECT HEALTH 3023'],
    ['Trillium Community Health Plan', 'Trillium Health Resources', 'Trillium'],
    ['Optima Health', 'CalOptima Health', 'Optum', 'Optimum HealthCare'],
    ['Mercy Care', 'MercyCare Health Plans'],
    [
      'Healthfirst',
      'Health First Health Plans',
      'First Health',
      'FirstHealth of the Carolinas',
      'First Choice Health',
    ],
    ['Health Alliance', 'Health Alliance Plan', 'Umpqua Health Alliance', 'Cambridge Health Alliance'],
    ['Kaiser', 'Kaiser Aluminum'],
    ['Coordinated Care', 'Eastern Oregon Coordinated Care Organization'],
    ['CareFirst', 'CarePlus', 'CareSource', 'CareMore', 'Care1st'],
    ['Health Net', 'BMC HealthNet Plan', 'MO HealthNet'],
    ['Medica', 'Medica Healthcare Plans'],
    ['Meridian', 'Hackensack Meridian Health'],
    ['Prime Health Services', 'Prime HealthCare'],
    ['Cigna', 'Great West Casualty'],
    ['AmeriHealth', 'AmeriHealth Caritas'],
    [
      'Blue Cross Blue Shield of Kansas',
      'Blue Cross Blue Shield of Kansas City',
      'Blue Cross Blue Shield of Arkansas',
    ],
    ['BCBS of Virginia', 'BCBS of West Virginia'],
  ]
  for (const names of alike) {
    const found = await match(
      pool,
      names.map(name => [name, null]),
    )
    const known = found.flatMap(({ canonical_payer }) => canonical_payer ?? [])
    t.same([...new Set(known)], known, names.join(' / '))
  }
})

t.test('names that hold the name of another payer, or the word of another class', async t => {
  const cases: [payer: string, plan: string | null, canonical: string | null, cls: string | null][] = [
    ['BMC HealthNet Plan', 'MassHealth', 'wellsense', 'medicaid'],
    ['Boston Medical Center HealthNet Plan', null, 'wellsense', null],
    ['MassHealth', 'CarePlus', 'masshealth', 'medicaid'],
    ['Highmark Blue Cross Blue Shield', 'PPO', 'highmark', 'commercial'],
    ['Regence BlueCross BlueShield of Oregon', 'PPO', 'regence', 'commercial'],
    ['Empire BlueCross BlueShield', 'PPO', 'anthem', 'commercial'],
    ['Excellus BCBS MA', null, 'excellus', null],
    ['Highmark BCBS MA', 'HMO', 'highmark', null],
    ['BCBS of Texas', 'BCBS MA HMO', 'bcbs-texas', null],
    ['BCBS MA', null, 'bcbs-massachusetts', 'commercial'],
    ['BCBS', 'BCBS MA', 'bcbs', 'commercial'],
    ['BCBS of MA', 'HMO', 'bcbs-massachusetts', 'commercial'],
    ['BLUECROSS BLUESHIELD OF OKLAHOMA', null, 'bcbs-oklahoma', 'commercial'],
    ['BCBS', 'HORIZON NJ DIRECT 1290', 'horizon', 'commercial'],
    ['BCBS', 'EMPIRE OPTUM 1684', 'bcbs', 'commercial'],
    ['Multiplan', 'HUMANA COMMERCIAL', 'multiplan', 'commercial'],
    ['Medicaid', 'BCBS MA', 'bcbs', 'medicaid'],
    ['[KAISER FOUNDATION HEALTH PLAN, INC.]', '[MEDICARE]', 'kaiser-permanente', 'medicare_advantage'],
    ['BLUE CROSS BLUE SHIELD [110001]', 'HB PPO (12)', 'bcbs', 'commercial'],
    ['CalOptima Health', null, 'cal-optima', 'medicaid'],
    ['Medicaid', 'VNSNY CHOICE SELECT HEALTH 3023', 'vns-health', 'medicaid'],
    ['Medicaid', 'CARE PLUS 1036', null, 'medicaid'],
    ['First Choice VIP Care Plus', 'DSNP', 'select-health-south-carolina', 'dual_eligible'],
    ['Aetna', 'Commercial Non-Medicare', 'aetna', 'commercial'],
    ['Aetna', 'All Plans Excluding Medicare & Medicaid', 'aetna', 'commercial'],
    ['Aetna', 'Non-Contracted Medicare', 'aetna', 'medicare_advantage'],
    ['Aetna', 'Non Medicare/Medicaid', 'aetna', 'commercial'],
    ['Aetna', 'Medicare Advantage except dual', 'aetna', 'medicare_advantage'],
    ['BCBS', 'Commercial Off Exchange', 'bcbs', 'commercial'],
    ['Cigna', 'PPO Non-Exchange', 'cigna', 'commercial'],
    ['Molina', 'Medicare-Medicaid Plan', 'molina', 'dual_eligible'],
    ['Molina', 'Medicare/Medicaid', 'molina', null],
    ['UAW United Auto Workers', 'PPO', null, null],
    ['United', 'Auto', null, 'auto_liability'],
    ['Anybody', 'Auto No-Fault', null, 'auto_liability'],
    ['UHC', 'Comm Plan', 'united-healthcare', null],
    ['UnitedHealthcare Community Plan', 'Comm Plan', 'united-healthcare', 'medicaid'],
    ['Aetna', 'MA PPO', 'aetna', null],
    ['Aetna', 'Dual Option PPO', 'aetna', null],
    ['Medicare', 'TRIWEST 3727', 'va-community-care', 'government'],
    ['Medicare', 'Part A and B', null, 'medicare'],
    ['Aetna', 'Medicare Supp', 'aetna', 'medicare_supplement'],
    ['Aetna', 'Worker Compensation', 'aetna', 'workers_compensation'],
    ['Liberty Mutual', 'W/C', null, 'workers_compensation'],
    ['Liberty Mutual', "Workmen's Compensation", null, 'workers_compensation'],
  ]
  const { pool } = await createTestDatabase(t)
  const found = await match(
    pool,
    cases.map(([payer, plan]) => [payer, plan]),
  )
  for (const [n, [payer, plan, canonical, cls]] of cases.entries())
    t.same([found[n]?.canonical_payer, found[n]?.payer_class], [canonical, cls], `${payer}, ${plan}`)
})
