/** From decompressed bytes to rows: decodes, tells CSV from JSON, and hands the chunks to the reader of the layout. */

import type { Kernel } from '../kernel/kernel.ts'
import type { Rows } from '../load/rows.ts'
import type { Findings } from '../rules/findings.ts'
import { byteOrderMark, createUtf16Decoder, utf16Length } from '../scan/encoding.ts'
import { refuseWrongKind } from '../source/kind.ts'
import { Refusal } from '../source/refusal.ts'
import { createCsvReader } from './csv-file.ts'
import { createJsonReader } from './json-file.ts'
import { type FileFacts, noneLoaded } from './reader.ts'

export type ReadOptions = {
  /** Each is read before the next is asked for, which may take its memory. */
  chunks: AsyncIterable<Buffer>
  rows: Rows
  findings: Findings
  now: Date
  /** Reads what is plain (kernel/README.md), for no other file meanwhile; without it all is read by the rest. */
  kernel: Kernel | undefined
  /** After every chunk: where rows are flushed and progress is told. */
  afterChunk: (facts: FileFacts, sourceBytes: number) => Promise<void>
}

export type ReadResult = FileFacts & { encoding: string; sourceBytes: number }

export async function readFile({
  chunks,
  rows,
  findings,
  now,
  kernel,
  afterChunk,
}: ReadOptions): Promise<ReadResult> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await firstBytes(iterator)
  const mark = byteOrderMark(first)
  const utf16 = mark && mark.encoding !== 'utf-8' ? mark.encoding : undefined
  const decode = utf16 ? createUtf16Decoder(utf16) : undefined
  const start = first.subarray(mark?.length ?? 0)
  const opening = decode ? decode(Buffer.from(start), false) : start
  refuseWrongKind(opening.subarray(0, 4096))
  const brace = jsonStart(opening)
  const from = Math.max(0, brace)
  const skipped = (mark?.length ?? 0) + (decode ? utf16Length(opening, 0, from) : from)
  const create = brace >= 0 ? createJsonReader : createCsvReader
  const reader = create({ rows, findings, now, skipped, utf16: utf16 !== undefined, kernel })
  let sourceBytes = first.length
  try {
    reader.push(opening.subarray(from))
    await afterChunk(reader.facts, sourceBytes)
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      sourceBytes += next.value.length
      reader.push(decode ? decode(next.value, false) : next.value)
      await afterChunk(reader.facts, sourceBytes)
    }
    const rest = decode?.(Buffer.alloc(0), true)
    if (rest && rest.length > 0) reader.push(rest)
    reader.end()
    if (reader.facts.counts.loaded === 0) throw noneLoaded(reader.facts, findings)
  } catch (error) {
    if (error instanceof Refusal) error.version ??= reader.facts.version
    throw error
  }
  for (const name of rows.payers.cut) findings.add('valueCut', { value: name })
  await afterChunk(reader.facts, sourceBytes)
  return { ...reader.facts, sourceBytes, encoding: utf16 ?? encodingOf(mark !== undefined, findings) }
}

function encodingOf(hasMark: boolean, findings: Findings): string {
  if (findings.has('encoding')) return 'windows-1252'
  return hasMark ? 'utf-8-bom' : 'utf-8'
}

/** Enough bytes to tell what the file is, or all of them. */
async function firstBytes(iterator: AsyncIterator<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  while (length < 4096) {
    const next = await iterator.next()
    if (next.done) break
    length += next.value.length
    // The next one takes the place of one that is too short.
    parts.push(length < 4096 ? Buffer.from(next.value) : next.value)
  }
  if (length === 0)
    throw new Refusal(
      'empty',
      'The file is empty. Upload the CSV or JSON of the hospital’s standard charges.',
    )
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, length)
}

/** Where the JSON begins, -1 for none. Blanks and byte order marks before it are no part of it: some programs write two marks. */
function jsonStart(opening: Buffer): number {
  let at = 0
  while (at < opening.length && ((opening[at] ?? 0) <= 0x20 || isMark(opening, at)))
    at += isMark(opening, at) ? 3 : 1
  if (opening[at] === 0x5b)
    throw new Refusal(
      'json-shape',
      'The JSON is a list. Put it into an object with hospital_name, last_updated_on, version and standard_charge_information, as the CMS template asks.',
    )
  return opening[at] === 0x7b ? at : -1
}

function isMark(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf
}
