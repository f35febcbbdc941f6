/** From batches of rows to the bytes of a format. */
import type { ExportRow } from './columns.ts'
import { createParquet, groupRows } from './parquet.ts'
import { csvHeader, csvRows, ndjsonRows } from './text-formats.ts'

export const exportFormats = ['csv', 'ndjson', 'parquet'] as const
export type ExportFormat = (typeof exportFormats)[number]

export const mediaTypes: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
}

type Rows = AsyncIterable<ExportRow[]>

/** Chunks of some hundred kilobytes; Parquet's are a row group. */
export function encode(
  rows: Rows,
  format: ExportFormat,
  metadata: Record<string, string>,
): AsyncGenerator<Buffer, void, undefined> {
  if (format === 'parquet') return parquetBytes(rows, metadata)
  return textBytes(rows, format)
}

async function* textBytes(rows: Rows, format: 'csv' | 'ndjson'): AsyncGenerator<Buffer, void, undefined> {
  if (format === 'csv') yield Buffer.from(csvHeader)
  for await (const batch of rows) yield Buffer.from(format === 'csv' ? csvRows(batch) : ndjsonRows(batch))
}

async function* parquetBytes(
  rows: Rows,
  metadata: Record<string, string>,
): AsyncGenerator<Buffer, void, undefined> {
  const file = createParquet({ metadata })
  for await (const batch of rows) {
    for (const row of batch) file.add(row)
    if (file.waiting >= groupRows) yield file.flush()
  }
  yield file.finish()
}
