/** What reads one layout: bytes in, rows out, and what the file says of itself. */
import type { General } from '../layout/general.ts'
import type { RowCounts } from '../normalise/normaliser.ts'
import { rules, type TemplateVersion } from '../rules/catalogue.ts'
import type { Finding, Findings } from '../rules/findings.ts'
import { type Reason, Refusal } from '../source/refusal.ts'

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
  return new Refusal(
    'no-rows',
    `${what}, so it holds no price. Export it again with its rows and upload that.`,
    [{ rule: id, message, cell }, ...cmsErrors(findings, version, new Set())],
  )
}

/** Every row was rejected: nothing to publish either. Told with the rows that say why, and what else CMS would say. */
export function noneLoaded({ counts, version }: FileFacts, findings: Findings): Refusal {
  const { samples, rejected } = findings.summary(version)
  const ids = new Set(rejected.map(({ rule }) => rule))
  const why = samples.filter(({ rule }) => ids.has(rule)).slice(0, 20)
  return new Refusal(
    'rows-rejected',
    `None of the ${counts.seen} rows could be loaded. Correct them and upload the file again.`,
    [...why.map(reasonOf), ...cmsErrors(findings, version, ids)],
  )
}

/** The samples of CMS's errors, but for those of rules that were told already. */
function cmsErrors(
  findings: Findings,
  version: TemplateVersion | undefined,
  told: ReadonlySet<string>,
): Reason[] {
  return findings
    .summary(version)
    .samples.filter(({ layer, severity, rule }) => layer === 'cms' && severity === 'error' && !told.has(rule))
    .map(reasonOf)
}

function reasonOf({ rule, message, cell }: Finding): Reason {
  return { rule, message, ...(cell && { cell }) }
}
