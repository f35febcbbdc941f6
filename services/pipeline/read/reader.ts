/** What reads one layout: bytes in, rows out, and what the file says of itself. */
import type { General } from '../layout/general.ts'
import type { RowCounts } from '../normalise/normaliser.ts'
import { rules, type TemplateVersion } from '../rules/catalogue.ts'
import { Refusal } from '../source/refusal.ts'

export type FileFacts = {
  layout: 'tall' | 'wide' | 'json' | undefined
  version: TemplateVersion | undefined
  general: General
  counts: RowCounts
}

export type Reader = {
  /** The reader owns the chunk from here. */
  push(chunk: Buffer): void
  end(): void
  readonly facts: FileFacts
}

/** A file without rows is refused: there is nothing to publish, and it must not take the place of a file with prices. */
export function noRows(what: string, cell: string): Refusal {
  const { id, message } = rules.noRows
  return new Refusal(
    'no-rows',
    `${what}, so it holds no price. Export it again with its rows and upload that.`,
    [{ rule: id, message, cell }],
  )
}
