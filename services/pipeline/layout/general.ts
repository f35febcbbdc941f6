/** What a file says of itself and its hospital: rows 1 and 2 of a CSV, the root keys of a JSON. */

import type { Findings } from '../rules/findings.ts'
import { isNpi } from '../rules/values.ts'

export type General = {
  hospitalName: string | undefined
  declaredVersion: string | undefined
  /** ISO. */
  lastUpdatedOn: string | undefined
  locationNames: string[]
  addresses: string[]
  npis: string[]
  state: string | undefined
  /** `CA 50056`: the state's letters and the number as published. */
  licences: string[]
  attestation: boolean | undefined
  attesterName: string | undefined
  financialAidPolicy: string | undefined
  generalContractProvisions: unknown
  /** Whether values may stand under headers that are not theirs: nobody is to be known by them. */
  shifted: boolean
  /** Every header and value as published. */
  all: Record<string, unknown>
}

export function emptyGeneral(): General {
  return {
    hospitalName: undefined,
    declaredVersion: undefined,
    lastUpdatedOn: undefined,
    locationNames: [],
    addresses: [],
    npis: [],
    state: undefined,
    licences: [],
    attestation: undefined,
    attesterName: undefined,
    financialAidPolicy: undefined,
    generalContractProvisions: undefined,
    shifted: false,
    all: {},
  }
}

/** The attestation's header is the sentence itself; its wording differs between rule text and templates. */
export const attestationStart = 'to the best of its knowledge and belief'

export const affirmation =
  'To the best of its knowledge and belief, the hospital has included all applicable standard charge information in accordance with the requirements of 45 CFR 180.50, and the information encoded is true, accurate, and complete as of the date indicated.'

export const attestation =
  'To the best of its knowledge and belief, this hospital has included all applicable standard charge information in accordance with the requirements of 45 CFR 180.50, and the information encoded is true, accurate, and complete as of the date in the file. This hospital has included all payer-specific negotiated charges in dollars that can be expressed as a dollar amount. For payer-specific negotiated charges that cannot be expressed as a dollar amount in the machine-readable file or not knowable in advance, the hospital attests that the payer-specific negotiated charge is based on a contractual algorithm, percentage or formula that precludes the provision of a dollar amount and has provided all necessary information available to the hospital for the public to be able to derive the dollar amount, including, but not limited to, the specific fee schedule or components referenced in such percentage, algorithm or formula.'

/** `a | b |c` → three parts, blank ones left out. */
export function pipeParts(value: string): string[] {
  return value
    .split('|')
    .map(part => part.trim())
    .filter(part => part !== '')
}

/** Licence numbers with their state in front; a number that repeats the state (`140000052 | CA`) loses the repetition. */
function licencesOf(state: string | undefined, value: string): string[] {
  const numbers = pipeParts(value).filter(part => part.toUpperCase() !== state)
  return numbers.map(number => (state ? `${state} ${number}` : number))
}

/** Hospitals are found by their licences, and an index holds no text of kilobytes. */
const licenceLength = 200

export function addLicences(general: General, state: string | undefined, value: string): void {
  const licences = licencesOf(state, value)
  general.licences.push(...licences.map(licence => licence.slice(0, licenceLength).toWellFormed()))
}

type CheckedValue = { cell: string; columnName: string; row?: number; column?: number }

/** Checks that both layouts share. */
export function checkGeneral(
  general: General,
  findings: Findings,
  at: (name: string) => CheckedValue,
  now: Date,
): void {
  const bad = general.npis.filter(npi => !isNpi(npi))
  for (const value of bad) findings.add('npi', { ...at('type_2_npi'), value })
  if (general.lastUpdatedOn) {
    const age = now.getTime() - Date.parse(general.lastUpdatedOn)
    if (age > 366 * 24 * 3600 * 1000)
      findings.add('dateOld', { ...at('last_updated_on'), value: general.lastUpdatedOn })
  }
}
