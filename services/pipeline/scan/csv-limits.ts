/** How much of a CSV may be one record, and what is thrown beyond it. */
export type CsvLimits = {
  /** Of one record, in bytes. */
  recordBytes: number
  /** Of one quoted field that spans lines: beyond it the quote counts as never closed. */
  multilineBytes: number
  fields: number
}

/** 16,384 columns are Excel's limit, and five times what the widest published file has. */
export const csvLimits: CsvLimits = { recordBytes: 4 << 20, multilineBytes: 64 << 10, fields: 16_384 }

/** The file cannot be read further: a record or its fields exceed the limits. */
export class CsvLimitError extends Error {
  override name = 'CsvLimitError'
  readonly kind: 'record-bytes' | 'fields' | 'unclosed'
  constructor(kind: CsvLimitError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

export function tooLong(
  row: number,
  line: number,
  offset: number,
  { recordBytes }: CsvLimits,
): CsvLimitError {
  const where = `row ${row} (line ${line}, byte ${offset})`
  return new CsvLimitError('record-bytes', `${where} is longer than ${recordBytes} bytes`)
}

export function tooManyUnclosed(row: number): CsvLimitError {
  return new CsvLimitError(
    'unclosed',
    `more than half of the rows up to row ${row} hold a quote that is never closed`,
  )
}
