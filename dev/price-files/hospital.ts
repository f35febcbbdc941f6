/** The hospital that a seed stands for: its name, address, licence and an NPI whose check digit is right. */
export type Hospital = {
  name: string
  address: string
  licence: string
  state: string
  npi: string
  attester: string
}

/** CMS template 3.0, verbatim: the sentence is the header. */
export const attestation =
  'To the best of its knowledge and belief, this hospital has included all applicable standard charge information in accordance with the requirements of 45 CFR 180.50, and the information encoded is true, accurate, and complete as of the date in the file. This hospital has included all payer-specific negotiated charges in dollars that can be expressed as a dollar amount. For payer-specific negotiated charges that cannot be expressed as a dollar amount in the machine-readable file or not knowable in advance, the hospital attests that the payer-specific negotiated charge is based on a contractual algorithm, percentage or formula that precludes the provision of a dollar amount and has provided all necessary information available to the hospital for the public to be able to derive the dollar amount, including, but not limited to, the specific fee schedule or components referenced in such percentage, algorithm or formula.'

export function hospitalOf(seed: number): Hospital {
  const number = String(seed % 1_000_000).padStart(6, '0')
  return {
    name: `Sample General Hospital ${number}`,
    address: `${(seed % 9000) + 1} Main Street, Austin, TX 78701`,
    licence: number,
    state: 'TX',
    npi: withCheckDigit(`199${number}`),
    attester: 'Sample Attester',
  }
}

/** Luhn over 80840 and the nine digits (CMS, "NPI check digit"). */
function withCheckDigit(digits: string): string {
  let sum = 24 // what 80840 adds
  for (let at = 0; at < 9; at++) {
    const digit = Number(digits[8 - at]) * (at % 2 === 0 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return `${digits}${(10 - (sum % 10)) % 10}`
}
