/**
 * Writes the rows of one file: items, codes, charges, rates, modifiers and texts, each into its own COPY buffer, with ids
 * counted in file order from `file_id * 2^32 + 1`. Cells come as ranges of bytes, whether they stem from a CSV record or
 * from a JSON element (normalise/json.ts lays an element out as a row), so the three layouts share every line here.
 */
import { isNormalisedCode, normalisedCode } from '@glimmr/lib/codes'
import { createItemGroups, type ItemGroups } from '@glimmr/lib/item-groups'
import type { ItemColumns, RateColumns } from '../layout/csv-column-names.ts'
import { readNumber } from '../rules/values.ts'
import { cellText } from '../scan/encoding.ts'
import { CopyBuffer } from './copy-buffer.ts'
import { HeldRows, type Named } from './held-rows.ts'
import { createLongTexts, type LongTexts } from './long-texts.ts'
import { createPayers, type Pair, type Payers } from './payers.ts'
import { type RateBlock, type RateWords, writePlans } from './rate-block.ts'
import { createRateBlocks } from './rate-blocks.ts'
import { type TableName, tableNames } from './tables.ts'
import { createVocabularies, type Vocabularies, type Word } from './vocabulary.ts'

/** Characters of a code by which it is found. */
const mostIndexed = 200

/** A row of cells: where each column's trimmed value stands in `bytes`. */
export type Row = {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** CSV: the spreadsheet's row; JSON: the element's number from 1. */
  row: number
  /** Of the record in the decompressed source. */
  offset: number
  length: number
}

export type ChargeWords = { setting: Word; billingClass: Word; modifiers: Word }

export class Rows {
  readonly buffers: Record<TableName, CopyBuffer>
  readonly payers: Payers = createPayers()
  readonly words: Vocabularies = createVocabularies()
  /** Which items each pair has rates in, by the pair's index. */
  readonly groups: ItemGroups = createItemGroups()
  readonly counts = { items: 0, charges: 0, rates: 0, rate_blocks: 0, modifiers: 0, texts: 0, item_codes: 0 }
  private readonly fileId: number
  private readonly base: number
  private readonly texts: LongTexts
  private readonly blocks = createRateBlocks(block => this.writeBlock(block))
  /** Rates in the blocks that were written. */
  private blockRates = 0
  private readonly held = new HeldRows()
  private itemStart = 0

  constructor(fileId: number, bufferBytes = 1 << 16) {
    this.fileId = fileId
    this.base = fileId * 2 ** 32
    this.texts = createLongTexts(fileId, this.base)
    this.buffers = Object.fromEntries(tableNames.map(name => [name, new CopyBuffer(bufferBytes)])) as Record<
      TableName,
      CopyBuffer
    >
  }

  /** Opens an item at this row; `endItem` closes it. Returns its id. */
  startItem(
    row: Row,
    columns: Pick<ItemColumns, 'description' | 'drugUnit' | 'drugType'>,
    extra: string | undefined,
  ): number {
    const id = this.base + ++this.counts.items
    const out = this.buffers.items
    out.integer(id)
    out.integer(this.fileId)
    out.integer(row.row)
    cell(out, row, columns.description, true)
    numeric(out, row, columns.drugUnit)
    word(out, this.words.drugTypes.find(row, columns.drugType))
    out.integer(row.offset)
    optional(out, extra)
    this.itemStart = row.offset
    return id
  }

  /** `end`: where the item's last record ends in the source. */
  endItem(end: number): void {
    this.blocks.close()
    const out = this.buffers.items
    out.integer(end - this.itemStart)
    out.endRow()
  }

  /** One code of the item. `ordinal` counts from 1 in the order of the columns. */
  code(row: Row, itemId: number, ordinal: number, codeColumn: number, type: Word): void {
    const out = this.buffers.item_codes
    out.integer(itemId)
    out.integer(ordinal)
    out.integer(this.fileId)
    cell(out, row, codeColumn, true)
    if (type.index === 0) out.text('')
    else word(out, type)
    this.normalised(row, codeColumn, type.capitals)
    out.endRow()
    this.counts.item_codes++
  }

  private normalised(row: Row, column: number, type: string): void {
    const out = this.buffers.item_codes
    const start = row.starts[column] ?? 0
    const end = row.ends[column] ?? 0
    // Indexed, and an index takes 2.7 kB at most; a description that slipped into this column is longer.
    if (end - start <= mostIndexed && isNormalisedCode(row.bytes, start, end, type))
      cell(out, row, column, true)
    else
      out.text(
        normalisedCode(cellText(row.bytes, start, end), type)
          .slice(0, mostIndexed)
          .toWellFormed(),
      )
  }

  /** The id that the next charge will have. */
  nextChargeId(): number {
    return this.base + this.counts.charges + 1
  }

  /** `notes`: the column of the notes that belong to the charge, `columns.none`-like when they belong to the rate. */
  charge(
    row: Row,
    itemId: number,
    columns: ItemColumns,
    words: ChargeWords,
    notes: number,
    extra: string | undefined,
  ): number {
    const id = this.base + ++this.counts.charges
    const notesId = this.text(row, notes)
    const out = this.buffers.charges
    out.integer(id)
    out.integer(itemId)
    out.integer(this.fileId)
    out.integer(row.row)
    word(out, words.setting)
    word(out, words.billingClass)
    word(out, words.modifiers)
    numeric(out, row, columns.gross)
    numeric(out, row, columns.cash)
    numeric(out, row, columns.minimum)
    numeric(out, row, columns.maximum)
    reference(out, notesId)
    optional(out, extra)
    out.endRow()
    return id
  }

  /** Has `told` say which texts the rate has; `plain` is told already. */
  tellTexts(row: Row, columns: RateColumns, told: RateWords): void {
    told.algorithmId = told.plain ? 0 : this.text(row, columns.algorithm)
    told.notesId = told.plain ? 0 : this.text(row, columns.notes)
  }

  /** A rate of the open item. */
  rate(row: Row, chargeId: number, columns: RateColumns, told: RateWords, extra: string | undefined): void {
    const { pair } = told
    this.counts.rates++
    pair.rates++
    this.groups.mark(pair.index, this.counts.items)
    const plain = told.plain && extra === undefined
    const block = this.blocks.of(chargeId, plain, row.row)
    block.add(row, columns, told, extra)
  }

  private writeBlock(block: RateBlock): void {
    const { pairs } = block
    const out = this.open('rate_blocks', pairs)
    block.take(out, this.fileId, this.base + this.blockRates + 1)
    this.blockRates += pairs.length
    this.counts.rate_blocks++
    out.endRow()
  }

  /** An adjustment by a modifier; `pair` undefined when it is for no payer. `notes`: its own column or the payer's. */
  modifier(
    row: Row,
    columns: ItemColumns,
    rate: RateColumns | undefined,
    pair: Pair | undefined,
    extra: string | undefined,
  ): void {
    const algorithmId = rate ? this.text(row, rate.algorithm) : 0
    const notesId = (rate ? this.text(row, rate.notes) : 0) || this.text(row, columns.notes)
    const id = this.base + ++this.counts.modifiers
    const out = pair ? this.open('modifiers', [pair]) : this.buffers.modifiers
    if (!pair) {
      out.null()
      out.null()
    }
    out.integer(id)
    out.integer(this.fileId)
    out.integer(row.row)
    cell(out, row, columns.modifiers, true)
    cell(out, row, columns.description, false)
    word(out, this.words.settings.find(row, columns.setting))
    if (rate) {
      numeric(out, row, rate.dollar)
      numeric(out, row, rate.percentage)
    } else {
      out.null()
      out.null()
    }
    reference(out, algorithmId)
    if (rate) word(out, this.words.methodologies.find(row, rate.methodology))
    else out.null()
    reference(out, notesId)
    out.integer(row.offset)
    out.integer(row.length)
    optional(out, extra)
    out.endRow()
  }

  /** Where a row of these pairs is written, after their ids: to its table, or aside while an id is not known. */
  private open(table: Named, pairs: readonly Pair[]): CopyBuffer {
    if (pairs.every(pair => pair.planId !== 0)) return this.writeIds(table, pairs)
    this.held.begin(table, pairs)
    return this.held.out
  }

  private writeIds(table: Named, pairs: readonly Pair[]): CopyBuffer {
    const out = this.buffers[table]
    if (table === 'rate_blocks') writePlans(out, pairs)
    else {
      out.integer(pairs[0]?.payerId ?? 0)
      out.integer(pairs[0]?.planId ?? 0)
    }
    return out
  }

  /** After the payers of a chunk are resolved: the rows that waited for one join the others. */
  settle(): void {
    this.held.release((table, pairs) => this.writeIds(table, pairs))
  }

  /** The id of a long text, stored once while it is remembered; 0 for a blank cell. */
  text(row: Row, column: number): number {
    const id = this.texts.idOf(row, column, this.buffers.texts)
    this.counts.texts = this.texts.count
    return id
  }
}

function cell(out: CopyBuffer, row: Row, column: number, required: boolean): void {
  const start = row.starts[column] ?? 0
  const end = row.ends[column] ?? 0
  if (start < end || required) out.cell(row.bytes, start, end)
  else out.null()
}

/** The published digits, byte for byte; a number written otherwise as rules/values.ts reads it; null if it is none. */
function numeric(out: CopyBuffer, row: Row, column: number): void {
  const start = row.starts[column] ?? 0
  const end = row.ends[column] ?? 0
  if (start >= end) out.null()
  else if (!out.digits(row.bytes, start, end)) optional(out, readNumber(cellText(row.bytes, start, end)))
}

function word(out: CopyBuffer, { copy }: Word): void {
  out.written(copy, 0, copy.length)
}

function reference(out: CopyBuffer, id: number): void {
  if (id === 0) out.null()
  else out.integer(id)
}

function optional(out: CopyBuffer, value: string | undefined): void {
  if (value === undefined) out.null()
  else out.text(value)
}
