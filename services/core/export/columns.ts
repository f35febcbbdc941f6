/** The flat table that an export is: one row a price, in all formats the same columns in the same order. */

export type ColumnType = 'text' | 'integer' | 'decimal' | 'date' | 'boolean'

/** A value: integers as numbers or digits, decimals as the published digits, dates as YYYY-MM-DD. */
export type Value = string | number | boolean | null

export const columns = [
  ['price_id', 'text'],
  ['file_id', 'integer'],
  ['row', 'integer'],
  ['hospital_id', 'text'],
  ['hospital', 'text'],
  ['state', 'text'],
  ['last_updated_on', 'date'],
  ['description', 'text'],
  ['code_type', 'text'],
  ['code', 'text'],
  ['codes', 'text'],
  ['setting', 'text'],
  ['billing_class', 'text'],
  ['modifiers', 'text'],
  ['drug_unit', 'decimal'],
  ['drug_type', 'text'],
  ['gross', 'decimal'],
  ['discounted_cash', 'decimal'],
  ['minimum', 'decimal'],
  ['maximum', 'decimal'],
  ['payer', 'text'],
  ['plan', 'text'],
  ['canonical_payer', 'text'],
  ['payer_class', 'text'],
  ['plan_type', 'text'],
  ['negotiated_dollar', 'decimal'],
  ['negotiated_percentage', 'decimal'],
  ['algorithm', 'text'],
  ['methodology', 'text'],
  ['estimated_amount', 'decimal'],
  ['median', 'decimal'],
  ['p10', 'decimal'],
  ['p90', 'decimal'],
  ['count', 'text'],
  ['notes', 'text'],
  ['payer_notes', 'text'],
] as const satisfies readonly (readonly [name: string, type: ColumnType])[]

export type ColumnName = (typeof columns)[number][0]

/** In the order of `columns`. */
export type ExportRow = Value[]
