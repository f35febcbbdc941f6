/** What reads one layout: bytes in, rows out, and what the file says of itself. */
import type { General } from '../layout/general.ts'
import type { RowCounts } from '../normalise/normaliser.ts'
import { rules, type TemplateVersion } from '../rules/catalogue.ts'
import type { Findings } from '../rules/findings.ts'
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

type Empty = { what: string; cell: string; findings: Findings; version: TemplateVersion | undefined }

/**
 * A file without rows is refused: there is nothing to publish, and it must not take the place of a file with prices. What
 * else CMS would say of its headers is told with it.
 */
export function noRows({ what, cell, findings, version }: Empty): Refusal {
  const { id, message } = rules.noRows
  const others = findings
    .summary(version)
    .samples.filter(({ layer, severity }) => layer === 'cms' && severity === 'error')
    .map(found => ({ rule: found.rule, message: found.message, ...(found.cell && { cell: found.cell }) }))
  return new Refusal(
    'no-rows',
    `${what}, so it holds no price. Export it again with its rows and upload that.`,
    [{ rule: id, message, cell }, ...others],
  )
}

/** Every row was rejected: nothing to publish either. Told with the rows that say why, the first of them. */
export function noneLoaded({ counts, version }: FileFacts, findings: Findings): Refusal {
  const { samples, rejected } = findings.summary(version)
  const ids = new Set(rejected.map(({ rule }) => rule))
  const why = samples.filter(({ rule }) => ids.has(rule)).slice(0, 20)
  return new Refusal(
    'rows-rejected',
    `None of the ${counts.seen} rows could be loaded. Correct them and upload the file again.`,
    why.map(({ rule, message, cell }) => ({ rule, message, ...(cell && { cell }) })),
  )
}
