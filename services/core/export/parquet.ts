/**
 * Rows as a Parquet file, a row group at a time: what is held is one group and the footer's entries. Compressed with
 * Zstandard, which Node brings and every engine of the last years reads.
 */
import { zstdCompressSync } from 'node:zlib'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { type ColumnName, type ColumnType, columns, type ExportRow, type Value } from './columns.ts'
import { precision, rememberDecimals, scale } from './decimals.ts'

/** Enough for an engine to skip by; few enough that a group stays below some 60 MB here. */
export const groupRows = 40_000

export type Parquet = {
  /** Rows that wait for their group to be full. */
  readonly waiting: number
  add(row: ExportRow): void
  /** Writes the waiting rows as a group; gives the bytes that are ready. */
  flush(): Buffer
  /** The last group and the footer. */
  finish(): Buffer
}

const kinds: Record<ColumnType, object> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT32' },
  decimal: {
    type: 'INT64',
    converted_type: 'DECIMAL',
    logical_type: { type: 'DECIMAL', precision, scale },
    precision,
    scale,
  },
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
  boolean: { type: 'BOOLEAN' },
}

type ParquetOptions = {
  metadata?: Record<string, string>
  /** Columns that the folders of a partitioned tree say already. */
  without?: readonly ColumnName[]
}

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema']

export function createParquet({ metadata = {}, without = [] }: ParquetOptions = {}): Parquet {
  const shown = columns.flatMap(([name, type], at) => (without.includes(name) ? [] : [{ name, type, at }]))
  const all = [...shown, { name: 'rounded', type: 'text' as const }]
  const schema = [
    { name: 'root', num_children: all.length },
    ...all.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL', ...kinds[type] })),
  ] as Schema
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema,
    codec: 'ZSTD',
    compressors: { ZSTD: input => zstdCompressSync(input) },
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: 'glimmr',
  })
  const decimal = rememberDecimals()
  let rows: ExportRow[] = []

  function writeGroup(): void {
    if (rows.length === 0) return
    const group = rows
    rows = []
    const rounded: (string | null)[] = group.map(() => null)
    const data = shown.map(({ name, type, at }) => {
      if (type !== 'decimal') return group.map(row => plain(row[at] ?? null, type))
      return group.map((row, n) => {
        const digits = (row[at] ?? null) as string | null
        const { unscaled, exact } = decimal(digits)
        if (!exact) rounded[n] = `${rounded[n] ? `${rounded[n]} ` : ''}${name}=${digits}`
        return unscaled
      })
    })
    const columnData = [...data, rounded].map((data, at) => ({ name: all[at]?.name ?? '', data }))
    file.write({ columnData, rowGroupSize: group.length })
  }

  /** Offsets go on counting; only the buffer begins anew. */
  function taken(): Buffer {
    const bytes = Buffer.from(writer.getBytes())
    writer.index = 0
    return bytes
  }

  return {
    get waiting() {
      return rows.length
    },
    add(row) {
      rows.push(row)
    },
    flush() {
      writeGroup()
      return taken()
    },
    finish() {
      writeGroup()
      file.finish()
      return taken()
    },
  }
}

function plain(value: Value, type: ColumnType): Value {
  return type === 'date' && typeof value === 'string' ? Date.parse(`${value}T00:00:00Z`) / 86_400_000 : value
}
