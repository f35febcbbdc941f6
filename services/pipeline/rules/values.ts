/** What single values may be: numbers, counts, dates, NPIs and the enumerations of the CMS data dictionary. */

export const codeTypes = [
  'CPT',
  'HCPCS',
  'ICD',
  'DRG',
  'MS-DRG',
  'R-DRG',
  'S-DRG',
  'APS-DRG',
  'AP-DRG',
  'APR-DRG',
  'APC',
  'NDC',
  'HIPPS',
  'LOCAL',
  'EAPG',
  'CDT',
  'RC',
  'CDM',
  'TRIS-DRG',
] as const
export const codeTypesOf30 = ['CMG', 'MS-LTC-DRG'] as const
export const settings = ['inpatient', 'outpatient', 'both'] as const
export const methodologies = [
  'case rate',
  'fee schedule',
  'percent of total billed charges',
  'per diem',
  'other',
] as const
export const drugTypes = ['GR', 'ME', 'ML', 'UN', 'F2', 'EA', 'GM'] as const
export const billingClasses = ['professional', 'facility', 'both'] as const
export const states = new Set(
  (
    'AL AK AS AZ AR CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND MP OH OK ' +
    'OR PA PR RI SC SD TN TX UT VT VI VA WA WV WI WY'
  ).split(' '),
)
/** The JSON schema also lists these three. */
export const statesOfJson = new Set([...states, 'FM', 'MH', 'PW'])

/** Digits with at most one point, above zero: what CMS asks. */
export const plainNumber = 0
/** As above, but zero. */
export const zeroNumber = 1
/** Anything else; see `readNumber`. */
export const otherNumber = 2

/** 131,072 digits before the point are numeric's limit; nothing sane comes near a hundred. */
export const mostDigits = 100

/** How a numeric cell (not blank, trimmed) is written. Runs once per number of the file, so it looks at bytes. */
export function numberKind(bytes: Uint8Array, start: number, end: number): 0 | 1 | 2 {
  let points = 0
  let nonZero = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0x2e) points++
    else if (byte < 0x30 || byte > 0x39) return otherNumber
    else nonZero |= byte - 0x30
  }
  if (points > 1 || points === end - start || end - start > mostDigits) return otherNumber
  return nonZero === 0 ? zeroNumber : plainNumber
}

/**
 * A number that is not written as CMS asks but can mean only one thing: `$1,234.50`, `70.5%`, `(12)`, `-3`, `1.5e3`.
 * Returns the digits for Postgres, or undefined.
 */
export function readNumber(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^\((.+)\)$/, '-$1')
    .replace(/^([+-]?)\s*\$\s*/, '$1')
    .replace(/\s*%$/, '')
  if (bare.length > 100) return undefined
  const ungrouped = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(bare) ? bare.replaceAll(',', '') : bare
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(ungrouped)) return ungrouped
  return /^[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,2}$/.test(ungrouped) ? ungrouped : undefined
}

/** `0`, `1 through 10` in any case, or a whole number from 11 (dictionary 3.0, "count of allowed amounts"). */
export function isCount(text: string): boolean {
  return text === '0' || /^1 through 10$/i.test(text) || /^(1[1-9]|[2-9]\d+|[1-9]\d{2,})$/.test(text)
}

/** As the JSON schema spells it: no other case. */
export function isCountOfJson(text: string): boolean {
  return /^(0|1 through 10|1[1-9]|[2-9]\d+|[1-9]\d{2,})$/.test(text)
}

/** ISO, or M/D/YYYY where `american` → ISO; undefined for anything else or a day that does not exist. */
export function readDate(text: string, american: boolean): string | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  const us = american ? /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) : null
  const [year, month, day] = iso ? iso.slice(1) : us ? [us[3], us[1], us[2]] : []
  if (!year || !month || !day) return undefined
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  const same =
    date.getUTCFullYear() === Number(year) &&
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day)
  return same ? date.toISOString().slice(0, 10) : undefined
}

/** Ten digits whose last checks the others: Luhn over 80840 and the NPI (CMS, "NPI check digit"). */
export function isNpi(text: string): boolean {
  if (!/^\d{10}$/.test(text)) return false
  let sum = 24 // what the prefix 80840 adds
  for (let at = 0; at < 10; at++) {
    const digit = Number(text[at]) * (at % 2 === 0 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}
