/** The CMS layer of our own findings about a file. */

import { openKernel } from '../kernel/kernel.ts'
import { Rows } from '../load/rows.ts'
import { readFile } from '../read/read-file.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { createFindings } from '../rules/findings.ts'
import { openContent } from '../source/content.ts'
import { Refusal } from '../source/refusal.ts'
import type { Source } from '../source/source.ts'
import type { Opinion } from './verdict.ts'

export type HereOpinion = Opinion & {
  layout: 'tall' | 'wide' | 'json' | undefined
  version: TemplateVersion | undefined
  /** Why the file was refused as a whole. */
  refusal: Refusal | undefined
  /** Whether a record holds a quote that is never closed. */
  unclosed: boolean
}

const everything = { samplesPerRule: Number.POSITIVE_INFINITY, rejectedRows: 0 }

/** Finer rules here that the validator tells with one sentence. */
const finer: Record<string, string> = { 'cms.code-type-too-new': 'cms.code-type' }
const finerInJson: Record<string, string> = {
  ...finer,
  'cms.notes-for-count-zero': 'cms.notes-for-other',
  'cms.estimated-amount-type': 'cms.value-type',
  'cms.estimated-amount-number': 'cms.number',
  'cms.estimated-amount-nine-nines': 'cms.nine-nines',
}

export async function askHere(source: Source): Promise<HereOpinion> {
  const rows = new Rows(1)
  const findings = createFindings(everything)
  const signal = new AbortController().signal
  try {
    const { chunks } = await openContent(source, { signal })
    const read = await readFile({
      chunks,
      rows,
      findings,
      now: new Date('2026-05-01'),
      kernel: openKernel(),
      async afterChunk() {
        for (const buffer of Object.values(rows.buffers)) buffer.take(Buffer.allocUnsafe(1 << 12))
      },
    })
    const { samples } = findings.summary(read.version)
    const cms = samples.filter(({ layer }) => layer === 'cms')
    return {
      valid: !cms.some(({ severity }) => severity === 'error'),
      stopped: false,
      breaches: cms.map(
        ({ rule, cell = '' }) => `${(read.layout === 'json' ? finerInJson : finer)[rule] ?? rule} ${cell}`,
      ),
      layout: read.layout,
      version: read.version,
      refusal: undefined,
      unclosed: findings.has('unclosedQuote'),
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const breaches = error.reasons.filter(({ rule }) => rule.startsWith('cms.'))
    return {
      valid: false,
      stopped: true,
      breaches: breaches.map(({ rule, cell }) => `${rule} ${cell ?? ''}`),
      layout: undefined,
      version: error.version,
      refusal: error,
      unclosed: findings.has('unclosedQuote'),
    }
  }
}
