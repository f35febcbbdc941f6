/** Whether proofs are what they say, by a reader of its own: the bytes are decoded and parsed again, and hold the price. */
import { parse } from 'csv-parse/sync'

export type ProvedPrice = {
  id: string
  description: string
  negotiated_dollar: string | null
  gross: string | null
  item_row: number
}

export type Proof = { bytes: Buffer; headers: Record<string, string | string[] | number | undefined> }

/** What is wrong with the proof; undefined when nothing is. `source` is the decompressed file. */
export function wrongWith(source: Buffer, price: ProvedPrice, { bytes, headers }: Proof): string | undefined {
  const offset = Number(headers['glimmr-byte-offset'])
  const length = Number(headers['glimmr-byte-length'])
  if (!(length > 0) || bytes.length !== length) return `${bytes.length} bytes, not ${length}`
  if (!source.subarray(offset, offset + length).equals(bytes))
    return `other bytes than the file has at ${offset}`
  if (Number(headers['glimmr-item-row']) !== price.item_row) return 'another row'
  const text = decoded(bytes, String(headers['glimmr-encoding']))
  const cells = text.trimStart().startsWith('{') ? jsonCells(text) : csvCells(text)
  if (!cells.has(spaced(price.description))) return `without ${price.description}: ${text.slice(0, 200)}`
  for (const amount of [price.negotiated_dollar, price.gross])
    if (amount !== null && !cells.has(Number(amount))) return `without ${amount}: ${text.slice(0, 200)}`
  return undefined
}

function decoded(bytes: Buffer, encoding: string): string {
  if (encoding.startsWith('utf-16')) return new TextDecoder(encoding).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

const spaced = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

const loosely = { relax_quotes: true, relax_column_count: true, skip_empty_lines: true }

function csvCells(text: string): Set<string | number> {
  return new Set(
    csvRows(text)
      .flat()
      .flatMap(cell => [spaced(cell), Number(cell.replaceAll(/[$,\s]/g, '') || Number.NaN)]),
  )
}

function csvRows(text: string): string[][] {
  try {
    return parse(text, loosely)
  } catch {
    // A quote that is never closed costs its line here, and csv-parse everything.
    return text.split('\n').flatMap(line => {
      const quotes = line.split('"').length - 1
      return parse(quotes % 2 === 0 ? line : `${line.trimEnd()}"`, loosely) as string[][]
    })
  }
}

function jsonCells(text: string): Set<string | number> {
  const found = new Set<string | number>()
  JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'number') found.add(value)
    if (typeof value === 'string') found.add(spaced(value)).add(Number(value || Number.NaN))
    return value
  })
  return found
}
