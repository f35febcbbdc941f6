/** What a request means by a code and its type: the same for every question about a code. */
import { canonicalCodeType, normalisedCode } from '@glimmr/lib/codes'

export type SearchedCode = {
  /** As lib/codes writes it. */
  code: string
  /** In capitals; undefined: any. */
  codeTypes: string[] | undefined
}

/** `type` is in capitals. Without it only an NDC can be told by its form; other codes are taken as they are. */
export function searchedCode(code: string, type: string | undefined): SearchedCode {
  const formOf = type ?? (/^\d{4,5}-\d{3,4}-\d{1,2}$/.test(code) ? 'NDC' : '')
  return {
    code: normalisedCode(code, formOf),
    codeTypes: type === undefined ? undefined : labelsOf(code, type),
  }
}

/** CPT codes are published as HCPCS and the other way round: where the form tells what it is, both labels count. */
function labelsOf(code: string, type: string): string[] {
  const canonical = canonicalCodeType(code, type)
  const form = canonicalCodeType(code, canonical === 'CPT' ? 'HCPCS' : 'CPT')
  return canonical === form && (type === 'CPT' || type === 'HCPCS') ? ['CPT', 'HCPCS'] : [type]
}
