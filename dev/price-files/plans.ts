/** The payers and plans of a made-up hospital: as many as asked for, with the spellings that published files have. */

export type Plan = { payer: string; plan: string }

const payers = [
  'Aetna',
  'BCBS of Texas [1101]',
  'Cigna Healthcare',
  'UnitedHealthcare',
  'Humana, Inc.',
  'Molina Healthcare',
  'AMERIGROUP',
  'Oscar Health',
  'Multiplan',
  'Superior HealthPlan',
  'Wellcare by Allwell',
  'Scott & White Health Plan',
  'Community First',
  'TRICARE',
  'Devoted Health',
  'Curative',
] as const
const products = [
  'HMO',
  'PPO',
  'POS II',
  'Medicare Advantage HMO',
  'Medicare Advantage PPO',
  'Managed Medicaid',
  'Exchange Silver',
  'Open Access, Plus',
  'Workers Compensation',
  'EPO Narrow Network',
] as const

/** No two are equal; two payers hold a comma, as real ones do. */
export function plansOf(count: number): Plan[] {
  return Array.from({ length: count }, (_, index) => {
    const payer = payers[index % payers.length] ?? ''
    const product = products[Math.floor(index / payers.length) % products.length] ?? ''
    const round = Math.floor(index / (payers.length * products.length))
    return { payer, plan: round === 0 ? product : `${product} ${round + 1}` }
  })
}
