import type { Rows } from '../load/rows.ts'
import type { Findings } from '../rules/findings.ts'
import type { Reader } from './reader.ts'
export function createJsonReader(_o: {
  rows: Rows
  findings: Findings
  now: Date
  skipped: number
  utf16: boolean
}): Reader {
  throw new Error('later')
}
