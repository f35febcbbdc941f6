/**
 * Rates of one charge on their way into a row of prices.rate_blocks, where up to 64 of them stand side by side. What
 * most rates have goes into lists; what they share is written once.
 */
import type { RateColumns } from '../layout/csv-column-names.ts'
import { type CopyBuffer, comma } from './copy-buffer.ts'
import { ListColumn } from './list-column.ts'
import type { Pair } from './payers.ts'
import type { Row } from './rows.ts'
import type { Word } from './vocabulary.ts'

export const ratesPerBlock = 64
/** Of a smallint. */
const mostOffset = 32_767
/** Of texts that are kept until the block is written; a record may hold megabytes of them. */
const mostTextBytes = 64 << 10

/** What whoever reads a rate's cells has found: words that repeat all over the file are looked up once. */
export type RateWords = {
  pair: Pair
  methodology: Word
  count: Word
  /** Of its algorithm and notes, 0 for none: `Rows.tellTexts`. */
  algorithmId: number
  notesId: number
  /** None of its cells is filled beside its dollar amount and methodology. */
  plain: boolean
}

export class RateBlock {
  /** Whose rates they are, in order. */
  pairs: Pair[] = []
  chargeId = 0
  /** Whether they are a dollar amount and nothing else. */
  plain = false
  private rowNumber = 0
  private readonly rowOffsets = new Int16Array(ratesPerBlock)
  private readonly dollars = new ListColumn()
  private readonly percentages = new ListColumn()
  private readonly estimated = new ListColumn()
  private readonly medians = new ListColumn()
  private readonly percentiles10 = new ListColumn()
  private readonly percentiles90 = new ListColumn()
  /** Of each rate, up to the last that has one. */
  private readonly counts: (Word | undefined)[] = []
  /** Each methodology of the block once, and which of them a rate has, counted from 1; 0 for none. */
  private readonly methodologies: Word[] = []
  private readonly methodologyOf = new Uint8Array(ratesPerBlock)
  private readonly algorithmIds = new ListColumn()
  private readonly notesIds = new ListColumn()
  private readonly extras: string[] = []
  private textBytes = 0

  /** For the rates of a charge, of which the first stands in this row. */
  start(chargeId: number, plain: boolean, rowNumber: number): void {
    this.chargeId = chargeId
    this.plain = plain
    this.rowNumber = rowNumber
  }

  /** Whether one more has its place here. */
  hasRoom(rowNumber: number): boolean {
    return (
      this.pairs.length < ratesPerBlock &&
      rowNumber - this.rowNumber <= mostOffset &&
      this.textBytes < mostTextBytes
    )
  }

  add(row: Row, columns: RateColumns, told: RateWords, extra: string | undefined): void {
    const at = this.pairs.push(told.pair) - 1
    this.rowOffsets[at] = row.row - this.rowNumber
    this.methodologyOf[at] = told.methodology.index === 0 ? 0 : this.placeOf(told.methodology)
    number(this.dollars, at, row, columns.dollar)
    if (this.plain) return
    number(this.percentages, at, row, columns.percentage)
    number(this.estimated, at, row, columns.estimated)
    number(this.medians, at, row, columns.median)
    number(this.percentiles10, at, row, columns.percentile10)
    number(this.percentiles90, at, row, columns.percentile90)
    if (told.count.index !== 0) {
      while (this.counts.length < at) this.counts.push(undefined)
      this.counts.push(told.count)
      this.textBytes += told.count.element.length
    }
    if (told.algorithmId !== 0) this.algorithmIds.integer(at, told.algorithmId)
    if (told.notesId !== 0) this.notesIds.integer(at, told.notesId)
    if (extra !== undefined) {
      this.textBytes += extra.length
      while (this.extras.length < at) this.extras.push('null')
      this.extras.push(extra)
    }
  }

  private placeOf(methodology: Word): number {
    const { methodologies } = this
    for (let at = 0; at < methodologies.length; at++) if (methodologies[at] === methodology) return at + 1
    this.textBytes += methodology.element.length
    return methodologies.push(methodology)
  }

  /** Writes the row but for its plans, which `writePlans` puts before it; then the block is empty again. */
  take(out: CopyBuffer, fileId: number, firstId: number): void {
    const count = this.pairs.length
    out.integer(this.chargeId)
    out.integer(firstId)
    out.integer(fileId)
    this.takeRows(out, count)
    this.dollars.take(out)
    this.percentages.take(out)
    this.estimated.take(out)
    this.medians.take(out)
    this.percentiles10.take(out)
    this.percentiles90.take(out)
    this.takeCounts(out)
    this.takeMethodologies(out, count)
    this.algorithmIds.take(out)
    this.notesIds.take(out)
    if (this.extras.length === 0) out.null()
    else out.text(`[${this.extras.join(',')}]`)
    this.pairs = []
    this.extras.length = 0
    this.textBytes = 0
  }

  private takeRows(out: CopyBuffer, count: number): void {
    const { rowOffsets } = this
    out.integer(this.rowNumber)
    const step = count > 1 ? (rowOffsets[1] ?? 0) : 0
    let at = 0
    while (at < count && rowOffsets[at] === step * at) at++
    out.integer(at === count ? step : 0)
    if (at === count) out.null()
    else {
      for (let rate = 0; rate < count; rate++) out.integer(rowOffsets[rate] ?? 0, comma)
      out.endList()
    }
  }

  private takeCounts(out: CopyBuffer): void {
    const { counts } = this
    if (counts.length === 0) {
      out.null()
      return
    }
    out.beginArray()
    for (const count of counts) {
      if (count) out.written(count.element, 0, count.element.length)
      else out.nullElement()
    }
    out.endArray()
    counts.length = 0
  }

  private takeMethodologies(out: CopyBuffer, count: number): void {
    const { methodologies, methodologyOf } = this
    if (methodologies.length === 0) {
      out.nulls(2)
      return
    }
    out.beginArray()
    for (const { element } of methodologies) out.written(element, 0, element.length)
    out.endArray()
    if (allAre(methodologyOf, count, 1)) out.null()
    else {
      for (let at = 0; at < count; at++) {
        const place = methodologyOf[at] ?? 0
        if (place === 0) out.commas(1)
        else out.integer(place, comma)
      }
      out.endList()
    }
    methodologies.length = 0
  }
}

/** The plans of a block, once the database has named all of them. */
export function writePlans(out: CopyBuffer, pairs: readonly Pair[]): void {
  out.beginArray()
  for (const { element } of pairs) out.written(element, 0, element.length)
  out.endArray()
}

function number(column: ListColumn, at: number, { bytes, starts, ends }: Row, cell: number): void {
  const start = starts[cell] ?? 0
  const end = ends[cell] ?? 0
  if (start < end) column.number(at, bytes, start, end)
}

function allAre(places: Uint8Array, count: number, place: number): boolean {
  for (let at = 0; at < count; at++) if (places[at] !== place) return false
  return true
}
