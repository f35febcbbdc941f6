/**
 * Every rule a price file is held against: one entry a rule. The CMS layer states the requirements of 45 CFR 180.50 as
 * the CMS data dictionaries spell them (CMSgov/hospital-price-transparency, documentation/CSV and JSON, 2.x and 3.0);
 * the Glimmr layer is what those do not ask but readers of prices stumble over.
 */
import { headerRules } from './cms-headers.ts'
import { jsonRules } from './cms-json.ts'
import { rowRules } from './cms-rows.ts'
import { ourRules } from './ours.ts'
import type { Span, TemplateVersion } from './rule.ts'

export type { Layer, Rule, Severity, TemplateVersion } from './rule.ts'

/** By name, as the code refers to them. */
export const rules = { ...headerRules, ...rowRules, ...jsonRules, ...ourRules } as const

export type RuleName = keyof typeof rules

export const ruleNames: RuleName[] = Object.keys(rules).filter((name): name is RuleName => name in rules)

const order: TemplateVersion[] = ['1.1', '2.1', '2.2', '3.0']

/** Whether a template lies within a span, such as that of a rule. */
export function appliesTo({ from, until }: Span, version: TemplateVersion): boolean {
  const at = order.indexOf(version)
  return (!from || at >= order.indexOf(from)) && (!until || at <= order.indexOf(until))
}
