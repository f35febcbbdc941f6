/** Rows as CSV (RFC 4180) and as NDJSON. */
import { columns, type ExportRow, type Value } from './columns.ts'

const types = columns.map(([, type]) => type)

export const csvHeader = `${columns.map(([name]) => name).join(',')}\r\n`

export function csvRows(rows: readonly ExportRow[]): string {
  let text = ''
  for (const row of rows) {
    for (let at = 0; at < row.length; at++) {
      if (at > 0) text += ','
      const value = row[at]
      if (value === null || value === undefined) continue
      text += types[at] === 'text' ? csvCell(String(value)) : value
    }
    text += '\r\n'
  }
  return text
}

/**
 * Spreadsheets run a text that begins like a formula (OWASP, "CSV injection"), and what hospitals publish comes from
 * strangers: an apostrophe in front makes it text. Amounts are digits and get none.
 */
const formula = /^[=+\-@\t\r＝＋－＠]/
const special = /[",\r\n]/

export function csvCell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return special.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const keys = columns.map(([name], at) => `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`)

/** Amounts keep the digits that were published. */
export function ndjsonRows(rows: readonly ExportRow[]): string {
  let text = ''
  for (const row of rows) {
    for (let at = 0; at < row.length; at++) text += keys[at] + jsonValue(row[at] ?? null, types[at])
    text += '}\n'
  }
  return text
}

/** Postgres knows NaN and infinities as numerics, JSON does not. */
function jsonValue(value: Value, type: string | undefined): string {
  if (value === null) return 'null'
  if (type !== 'decimal') return JSON.stringify(value)
  return /^-?\d/.test(String(value)) ? String(value) : 'null'
}
