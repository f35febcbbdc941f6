/** Billing codes in the one form in which they can be compared; the published form is kept beside it. */

/**
 * RC and APC with 4 digits, DRG and its relatives with 3, NDC with 11 in the 5-4-2 order, everything in capitals without blanks.
 * What does not look like its type stays as it is. `type` is in capitals.
 */
export function normalisedCode(code: string, type: string): string {
  const bare = code.trim().toUpperCase()
  if (type === 'NDC') return normalisedNdc(bare)
  const length = paddedTo(type)
  if (length === 0) return bare.replaceAll(/\s+/g, '')
  return /^\d+$/.test(bare) ? bare.padStart(length, '0') : bare
}

/** Whether the bytes of a code are its `normalisedCode`: told without a text, since nearly all are. */
export function isNormalisedCode(bytes: Uint8Array, start: number, end: number, type: string): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (!(byte >= 0x30 && byte <= 0x39) && !(byte >= 0x41 && byte <= 0x5a)) return false
  }
  return end - start >= paddedTo(type)
}

/** How many digits codes of the type have; 0 where that is not said, and for NDC. */
function paddedTo(type: string): number {
  if (type === 'RC' || type === 'APC') return 4
  return type.endsWith('DRG') ? 3 : 0
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
