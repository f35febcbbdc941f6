/** The file is no price file that can be read: told to the uploader, never retried. */
import type { TemplateVersion } from '../rules/catalogue.ts'
import type { RefusalKind } from '../rules/refusals.ts'
import { storableText } from '../scan/encoding.ts'

export type Reason = { rule: string; message: string; cell?: string }

export class Refusal extends Error {
  override name = 'Refusal'
  readonly reasons: Reason[]
  /** The template by whose rules the reasons are told, once one was recognised. */
  version: TemplateVersion | undefined

  /** One sentence that says what is wrong and what to do; `more` where several things are wrong at once. */
  constructor(kind: RefusalKind, message: string, more: Reason[] = []) {
    super(message)
    this.reasons = [{ rule: `glimmr.${kind}`, message }, ...more].map(storable)
  }
}

/** Reasons quote the file. */
function storable({ rule, message, cell }: Reason): Reason {
  return { rule, message: storableText(message), ...(cell && { cell: storableText(cell) }) }
}
