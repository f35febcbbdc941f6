import t from 'tap'
import { startCore } from './test-registry.ts'

t.test('names as hospitals write them become payers, classes and plan types', async t => {
  const cases: [
    payer: string,
    plan: string | null,
    canonical: string | null,
    cls: string | null,
    type: string | null,
  ][] = [
    ['BLUE CROSS BLUE SHIELD [110001]', 'HB PPO', 'bcbs', 'commercial', 'ppo'],
    ['BlueCrossBlueShield', 'Open_HMO_Outpatient', 'bcbs', 'commercial', 'hmo'],
    ['BLUE CROSS/BLUE SHIELD', null, 'bcbs', 'commercial', null],
    ['BCBS MA', 'Medicare Advantage PPO', 'bcbs-massachusetts', 'medicare_advantage', 'ppo'],
    ['BCBS', 'Anthem BCBS CT HMO 4131', 'anthem', 'commercial', 'hmo'],
    ['Blue Cross & Blue Shield of Texas', null, 'bcbs-texas', 'commercial', null],
    ['UnitedHealthCare', 'Medicare Managed Care Plan', 'united-healthcare', 'medicare_advantage', null],
    ['UHC', 'UNITED HEALTHCARE COMMUNITY MEDICAID', 'united-healthcare', 'medicaid', null],
    ['Aetna', 'HMO/PPO', 'aetna', 'commercial', null],
    ['Aetna', 'Medicare Dual SNP', 'aetna', 'dual_eligible', 'snp'],
    ['Medicaid', 'MOLINA 1900', 'molina', 'medicaid', null],
    ['HEALTHSMART', "HEALTHSMART WORKERS' COMP", 'healthsmart', 'workers_compensation', null],
    ['OSCAR HEALTH PLAN', 'OSCAR HIX', 'oscar', 'exchange', null],
    ['Optum', 'VACCN', 'optum', 'government', null],
    ['Molina', 'Gold', 'molina', null, null],
    [
      'Healthspring (Cigna Medicare Advantage)',
      'Medicare Advantage',
      'healthspring',
      'medicare_advantage',
      null,
    ],
    ['Aetna Sutter Health [92200]', 'HMO', 'aetna', 'commercial', 'hmo'],
    ['Health First Health Plans', null, 'health-first', 'commercial', null],
    ['First Health/Coventry', null, 'first-health', 'commercial', null],
    ['ZING HLTH MCR ADV - ALL PLANS', null, 'zing', 'medicare_advantage', null],
    ['MERIDIAN MCAID', null, 'meridian', 'medicaid', null],
    ['Simply Healthcare', 'Healthy Kids Medicaid Managed Care Plan', 'simply', 'medicaid', null],
    ['Claritev [13400]', 'Commerical', 'multiplan', 'commercial', null],
    ['Blue Cross Blue Shield of Arizona', 'PPO', 'bcbs-arizona', 'commercial', 'ppo'],
    ['EmbassyofQatar', 'Inpatient', null, null, null],
    ['Aetnaish Poshmouth', null, null, null, null],
  ]
  const { plans } = await startCore(
    t,
    cases.map(([payer, plan]) => [payer, plan]),
  )
  const found = new Map((await plans()).map(plan => [`${plan.payer}|${plan.name}`, plan]))
  for (const [payer, plan, canonical, cls, type] of cases) {
    const known = found.get(`${payer}|${plan}`)
    t.same(
      [known?.canonical_payer, known?.payer_class, known?.plan_type],
      [canonical, cls, type],
      `${payer}, ${plan}`,
    )
  }
  const { because } = found.get('BCBS MA|Medicare Advantage PPO') ?? {}
  t.match(because, {
    canonical_payer: { says: 'equals “bcbs ma”' },
    payer_class: { says: 'contains “medicare advantage”' },
  })
  t.match(found.get('Aetna|HMO/PPO')?.because, {
    payer_class: { rule: null, says: 'what is assumed of aetna' },
    plan_type: null,
  })
  t.same(
    (await plans('&unmatched=payer')).map(plan => plan.payer),
    ['EmbassyofQatar', 'Aetnaish Poshmouth'],
  )
})
