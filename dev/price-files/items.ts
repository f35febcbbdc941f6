/**
 * The items of a made-up hospital and what each plan pays for them: valid by CMS template 3.0, with what makes real files
 * laborious: cells with commas, quotes and line breaks, letters beyond ASCII, drugs with units, plans without a rate,
 * percentages with the counts and percentiles they ask for, algorithms in long sentences.
 */
import type { Random } from './random.ts'

export type Code = { code: string; type: string }

export type Rate = {
  /** Index into the plans. */
  plan: number
  /** Exactly one of the three. */
  dollar: string
  percentage: string
  algorithm: string
  median: string
  low: string
  high: string
  count: string
  methodology: string
  notes: string
}

export type Item = {
  description: string
  codes: Code[]
  modifiers: string
  setting: string
  drugUnit: string
  drugType: string
  gross: string
  cash: string
  minimum: string
  maximum: string
  notes: string
  rates: Rate[]
}

/** An item of which some 60 of 100 plans have a rate; now and then none has. */
export function makeItem(random: Random, plans: number): Item {
  const kind = random.below(10)
  const grossCents = 500 + random.below(kind === 9 ? 9_000_000 : 400_000)
  const rates = random.oneIn(25) ? [] : makeRates(random, plans, grossCents, kind === 9)
  const dollars = rates.filter(rate => rate.dollar !== '').map(rate => Number(rate.dollar))
  const drug = kind >= 6 && kind < 9
  return {
    description: described(random, drug),
    codes: codesOf(random, kind),
    modifiers: random.oneIn(15) ? random.pick(['26', 'TC', '50|59', 'RT']) : '',
    setting: kind === 9 ? 'inpatient' : random.pick(['outpatient', 'outpatient', 'both', 'inpatient']),
    drugUnit: drug ? String(random.pick([1, 5, 10, 50, 0.5])) : '',
    drugType: drug ? random.pick(['ML', 'EA', 'UN', 'ME', 'GR']) : '',
    gross: amount(grossCents),
    cash: amount(Math.floor((grossCents * (35 + random.below(50))) / 100)),
    minimum: dollars.length === 0 ? '' : String(dollars.reduce((a, b) => Math.min(a, b))),
    maximum: dollars.length === 0 ? '' : String(dollars.reduce((a, b) => Math.max(a, b))),
    notes: random.oneIn(12) ? random.pick(itemNotes) : '',
    rates,
  }
}

function makeRates(random: Random, plans: number, grossCents: number, inpatient: boolean): Rate[] {
  const rates: Rate[] = []
  for (let plan = 0; plan < plans; plan++) {
    if (random.below(100) >= 60) continue
    const kind = random.below(100)
    if (kind < 72) rates.push(dollarRate(random, plan, grossCents, inpatient))
    else rates.push(derivedRate(random, plan, grossCents, kind < 93))
  }
  return rates
}

const none = {
  dollar: '',
  percentage: '',
  algorithm: '',
  median: '',
  low: '',
  high: '',
  count: '',
  notes: '',
} as const

function dollarRate(random: Random, plan: number, grossCents: number, inpatient: boolean): Rate {
  const dollar = amount(Math.floor((grossCents * (200 + random.below(700))) / 1000) + 1)
  if (random.oneIn(40)) return { ...none, plan, dollar, methodology: 'other', notes: random.pick(rateNotes) }
  const methodology = inpatient ? random.pick(['case rate', 'per diem']) : 'fee schedule'
  return { ...none, plan, dollar, methodology }
}

/** CMS asks for count, median and percentiles where no dollar amount is given. */
function derivedRate(random: Random, plan: number, grossCents: number, percent: boolean): Rate {
  const median = Math.floor((grossCents * (300 + random.below(400))) / 1000) + 10
  return {
    ...none,
    plan,
    ...(percent
      ? { percentage: `${20 + random.below(70)}${random.oneIn(3) ? '.5' : ''}` }
      : { algorithm: random.pick(algorithms) }),
    median: amount(median),
    low: amount(median - Math.floor(median / 5)),
    high: amount(median + Math.floor(median / 4)),
    count: random.oneIn(3) ? '1 through 10' : String(11 + random.below(900)),
    methodology: percent ? 'percent of total billed charges' : 'other',
    notes: percent ? '' : random.pick(rateNotes),
  }
}

/** Cents as published: 12.5 rather than 12.50 now and then, no point for whole dollars. */
function amount(cents: number): string {
  const dollars = Math.floor(cents / 100)
  const rest = cents % 100
  if (rest === 0) return String(dollars)
  return rest % 10 === 0 ? `${dollars}.${rest / 10}` : `${dollars}.${rest < 10 ? '0' : ''}${rest}`
}

function described(random: Random, drug: boolean): string {
  if (drug)
    return `${random.pick(drugs)} ${random.pick([5, 10, 25, 100, 250, 500])} MG${random.oneIn(4) ? '/5 ML' : ''} ${random.pick(forms)} [${1000 + random.below(90_000)}]`
  const name = `${random.pick(acts)} ${random.pick(parts)}`
  switch (random.below(60)) {
    case 0:
      return `${name},\n${random.pick(sides)}`
    case 1:
      return `${name} 2" SCREW`
    case 2:
      return `${name} – MÉNIÈRE’S`
    default:
      return random.oneIn(3) ? `${name}, ${random.pick(sides)}` : `${name} ${random.pick(sides)}`
  }
}

function codesOf(random: Random, kind: number): Code[] {
  const own = { code: String(1_000_000 + random.below(9_000_000)), type: 'CDM' }
  if (kind === 9) return [own, { code: String(1 + random.below(998)).padStart(3, '0'), type: 'MS-DRG' }]
  if (kind >= 6)
    return [
      own,
      { code: random.pick(['0636', '636', '0250', '250']), type: 'RC' },
      {
        code: `${10_000 + random.below(89_999)}-${String(random.below(9999)).padStart(4, '0')}-${10 + random.below(89)}`,
        type: 'NDC',
      },
    ]
  if (kind === 5) return [own, { code: `J${1000 + random.below(8999)}`, type: 'HCPCS' }]
  if (kind === 4) return [own]
  return [
    own,
    { code: random.pick(['0320', '0360', '0450', '0300', '0272']), type: 'RC' },
    { code: String(10_004 + random.below(89_000)), type: 'CPT' },
  ]
}

const acts = [
  'MRI',
  'CT SCAN',
  'XR',
  'US',
  'EXCISION OF',
  'REPAIR OF',
  'ARTHROSCOPY',
  'BIOPSY',
  'HC INSERTION',
  'PT EVAL',
  'PANEL',
  'ASSAY OF',
  'LEVEL 4 VISIT',
  'CATHETER',
  'IMPLANT',
] as const
const parts = [
  'BRAIN',
  'SPINE LUMBAR',
  'KNEE',
  'SHOULDER',
  'ABDOMEN AND PELVIS',
  'CHEST 2 VIEWS',
  'HAND',
  'THYROID',
  'LIVER',
  'HIP',
  'FEMUR',
  'CORONARY ARTERY',
] as const
const sides = [
  'LEFT',
  'RIGHT',
  'BILATERAL',
  'W/O CONTRAST',
  'W CONTRAST',
  'W/WO CONTRAST',
  'EACH ADDITIONAL',
  'COMPLETE',
  'LIMITED',
] as const
const drugs = [
  'ACETAMINOPHEN',
  'ALBUMIN, HUMAN',
  'CEFTRIAXONE',
  'HEPARIN SODIUM (PORCINE)',
  'ONDANSETRON HCL',
  'VANCOMYCIN',
  'INSULIN LISPRO',
  'PEMBROLIZUMAB',
] as const
const forms = [
  'TABLET',
  'INTRAVENOUS SOLUTION',
  'ORAL SUSPENSION',
  'INJECTION, VIAL',
  'RECTAL SUPPOSITORY',
] as const
const itemNotes = [
  'Gross charge type: pharmacy',
  'Price varies with the implant used; see the invoice, lot and size.',
  'Charge is per 15 minutes.',
  'Not separately payable when packaged.',
] as const
const rateNotes = [
  'Lesser of billed charges and the contracted rate.',
  'Paid at 110% of the state fee schedule, updated yearly.',
  'Rate includes all services on the same date.',
  'Carve-out applies above the threshold.',
  'Multiple procedure reduction: 100%, 50%, 25%.',
] as const
const algorithms = [
  'DRG weight of CMS table 5 multiplied by the base rate of the contract year; outliers at 62% of charges beyond the threshold',
  'Base rate × relative weight, plus the per diem from the first day beyond the geometric mean length of stay',
  'The lesser of (a) 78% of billed charges and (b) the Medicare OPPS rate of the quarter, wage index included',
  'Medicare allowed amount of the locality times 1.15, less sequestration where the plan applies it',
  'ASC group rate; first procedure in full, the second at 50%, any further at 25%, bilateral as two',
] as const
