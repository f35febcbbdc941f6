/** The one code of an item under which an export files it, so that each price stands in one partition and sums hold. */
import { canonicalCodeType } from '@glimmr/lib/codes'

export type Code = readonly [type: string, code: string]

/** What hospitals share first, what is a hospital's own last; codes of one kind in the order of the file. */
const order = [
  'CPT',
  'HCPCS',
  'MS-DRG',
  'APR-DRG',
  'TRIS-DRG',
  'R-DRG',
  'S-DRG',
  'APS-DRG',
  'AP-DRG',
  'MS-LTC-DRG',
  'CMG',
  'APC',
  'EAPG',
  'CDT',
  'HIPPS',
  'ICD',
  'NDC',
  'RC',
  'CDM',
  'LOCAL',
]

/** Type and code, normalised; `NONE` for an item without codes, `OTHER` for a label that no dictionary has. */
export function primaryCode(codes: readonly Code[]): { type: string; code: string | null } {
  let best: { type: string; code: string | null } = { type: 'NONE', code: null }
  let rank = Number.POSITIVE_INFINITY
  for (const [published, code] of codes) {
    const type = canonicalCodeType(code, published.toUpperCase())
    const at = order.indexOf(type)
    const own = at < 0 ? order.length : at
    if (own >= rank) continue
    rank = own
    best = { type: at < 0 ? 'OTHER' : type, code }
  }
  return best
}
