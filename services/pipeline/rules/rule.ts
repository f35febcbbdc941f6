/** What a rule is. */
export type Layer = 'cms' | 'glimmr'
export type Severity = 'error' | 'warning' | 'notice'
export type TemplateVersion = '1.1' | '2.1' | '2.2' | '3.0'

/** From one template to another; all when left out. */
export type Span = { readonly from?: TemplateVersion; readonly until?: TemplateVersion }

/** Its span: the templates it belongs to. */
export type Rule = Span & {
  readonly id: string
  readonly layer: Layer
  readonly severity: Severity
  /** What to do; `{…}` is filled in where the rule is broken. */
  readonly message: string
}

export function rule(id: string, severity: Severity, message: string, span: Span = {}): Rule {
  return { id, layer: id.startsWith('cms.') ? 'cms' : 'glimmr', severity, message, ...span }
}

export const from21 = { from: '2.1' } as const
export const from22 = { from: '2.2' } as const
export const from30 = { from: '3.0' } as const
export const until22 = { until: '2.2' } as const
export const only22 = { from: '2.2', until: '2.2' } as const
