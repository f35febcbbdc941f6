/** Billing codes in the one form in which they can be compared; the published form is kept beside it. */

/**
 * RC and APC with 4 digits, DRG and its relatives with 3, NDC with 11 in the 5-4-2 order, everything in capitals without blanks.
 * What does not look like its type stays as it is. `type` is in capitals.
 */
export function normalisedCode(code: string, type: string): string {
  const bare = code.trim().toUpperCase()
  if (type === 'RC') return /^\d{1,4}$/.test(bare) ? bare.padStart(4, '0') : bare
  if (type === 'NDC') return normalisedNdc(bare)
  if (type === 'APC') return /^\d{1,4}$/.test(bare) ? bare.padStart(4, '0') : bare
  if (type.endsWith('DRG')) return /^\d{1,3}$/.test(bare) ? bare.padStart(3, '0') : bare
  return bare.replaceAll(/\s+/g, '')
}

/**
 * What a code is, whatever it is labelled: CPT is level I of HCPCS, so files use the two labels for each other (five
 * digits, or four and F, T, U, M or A, are CPT; a letter and four digits are HCPCS level II; CMS, "HCPCS coding"). Other
 * types, and codes of another form, stay what they are. `type` is in capitals.
 */
export function canonicalCodeType(code: string, type: string): string {
  if (type !== 'CPT' && type !== 'HCPCS') return type
  const bare = code.trim().toUpperCase()
  if (/^\d{4}[0-9FTUMA]$/.test(bare)) return 'CPT'
  return /^[A-V]\d{4}$/.test(bare) ? 'HCPCS' : type
}

/**
 * NDC: labeler-product-package of 4-4-2, 5-3-2 or 5-4-1 digits, or 5-4-2 with a zero put in front of the short part
 * (FDA, "National Drug Code format"). Ten digits without dashes could be any of three; they stay as they are.
 */
function normalisedNdc(code: string): string {
  const parts = code.split('-')
  if (parts.length === 3 && parts.every(part => /^\d+$/.test(part))) {
    const [labeler = '', product = '', pack = ''] = parts
    if (labeler.length <= 5 && product.length <= 4 && pack.length <= 2)
      return labeler.padStart(5, '0') + product.padStart(4, '0') + pack.padStart(2, '0')
  }
  const digits = code.replaceAll(/[-\s]/g, '')
  return /^\d{11}$/.test(digits) ? digits : code
}
