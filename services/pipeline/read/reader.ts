/** What reads one layout: bytes in, rows out, and what the file says of itself. */
import type { General } from '../layout/general.ts'
import type { RowCounts } from '../normalise/normaliser.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'

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
