/**
 * The differences from the validator that DIFFERENCES.md gives a reason for. Here is what each looks like, there is why: an
 * entry on one side only fails the test, as does a difference that no entry describes.
 */

import { type Rule, ruleNames, rules } from '../rules/catalogue.ts'
import { CsvScanner } from '../scan/csv-scanner.ts'
import { cellText } from '../scan/encoding.ts'
import type { HereOpinion } from './here.ts'
import { type Difference, type Opinion, rowOf } from './verdict.ts'

export type Judged = {
  text: string
  layout: 'csv' | 'json'
  dictionary: string
  validator: Opinion
  here: HereOpinion
  differences: Difference[]
}

type Describes = (difference: Difference, judged: Judged) => boolean

/** Those that no program takes for blanks. */
const controls = String.raw`[\x01-\x08\x0e-\x1f]`
const controlAtEdge = new RegExp(String.raw`(?:^|[,"\s])${controls}|${controls}(?:$|[,"\s])`)

const alerts = new Set(['cms.version-mismatch', 'cms.attestation-false', 'cms.estimated-amount'])

export const describedDifferences: Record<string, Describes> = {
  'rows-below-faulty-headers': ({ side, cell }, { validator }) =>
    side === 'here' && validator.stopped && rowOf(cell) > 3,

  'alerts-beside-header-errors': ({ side, rule }, { validator }) =>
    side === 'here' && validator.stopped && alerts.has(rule),

  'alert-cell-of-row-3': ({ side, rule, cell }, { layout, validator, here }) => {
    if (layout !== 'csv' || (rule !== 'cms.version-mismatch' && rule !== 'cms.attestation-false'))
      return false
    const [row, other, opinion] = side === 'validator' ? [3, 2, here] : [2, 3, validator]
    const twin = `${rule} ${cell.replace(/\d+$/, String(other))}`
    return rowOf(cell) === row && opinion.breaches.includes(twin)
  },

  'all-faults-of-the-columns': ({ side, cell }, { validator }) =>
    side === 'here' &&
    rowOf(cell) <= 3 &&
    validator.breaches.some(breach => /^cms\.(layout-unclear|header-row-blank) /.test(breach)),

  'alerts-of-refused-files': ({ side, rule }, { here }) =>
    side === 'validator' && alerts.has(rule) && here.refusal !== undefined,

  'blank-headers': ({ side, rule, cell }, { text, layout }) =>
    side === 'validator' && layout === 'csv' && rule.endsWith('-duplicate') && headerAt(text, cell) === '',

  'lone-carriage-returns': (_, { text, layout, validator }) =>
    layout === 'csv' &&
    !text.includes('\n') &&
    text.includes('\r') &&
    validator.breaches.includes('cms.no-rows A1'),

  'no-rows': ({ rule }, { validator, here }) =>
    rule === 'cms.no-rows' && (here.refusal !== undefined || validator.breaches.includes('cms.no-rows A1')),

  // Of two that are never closed the validator makes a pair, with all rows between them in one cell.
  'unclosed-quotes': (_, { text, layout, here }) =>
    layout === 'csv' && (here.unclosed || text.split('"').length % 2 === 0),

  'nul-bytes': (_, { text }) => text.includes('\0'),

  'control-characters': (_, { text, layout }) => layout === 'csv' && controlAtEdge.test(text),

  'licence-header-case': ({ side, rule, cell }, { text, layout }) =>
    side === 'validator' &&
    layout === 'csv' &&
    rule === 'cms.header-value-missing' &&
    /^license_number\s*\|/i.test(headerAt(text, cell.replace(/\d+$/, '1'))),

  'byte-order-marks-within': (_, { text, layout }) => layout === 'json' && text.indexOf('\ufeff', 1) > 0,

  'json-damaged-document': ({ side }, { layout, here }) =>
    side === 'validator' && layout === 'json' && here.refusal?.reasons[0]?.rule === 'glimmr.json-syntax',

  'json-damaged-element': (_, { validator }) => validator.breaches.includes('json-damaged /'),

  'template-2.0': ({ side, rule }, { dictionary }) =>
    side === 'here' && dictionary === '2.0.0' && ruleOf(rule).from === '2.1',

  'ndc-of-untyped-codes': ({ side, rule }, { layout, dictionary }) =>
    side === 'validator' && layout === 'json' && dictionary === '2.2.0' && rule === 'cms.drug-for-ndc',

  'alert-for-no-object': ({ side, rule, cell }, { text, layout }) =>
    side === 'validator' &&
    layout === 'json' &&
    rule === 'cms.estimated-amount' &&
    !isObject(holderOf(text, cell)),
}

/** What is not described, and which entries described something. */
export function unexplained(judged: Judged): { left: Difference[]; used: string[] } {
  const used: string[] = []
  const left = judged.differences.filter(difference => {
    const found = Object.entries(describedDifferences).find(([, describes]) => describes(difference, judged))
    if (found) used.push(found[0])
    return !found
  })
  return { left, used }
}

/** The entries of DIFFERENCES.md: `### name` and the example below it. */
export function writtenDifferences(markdown: string): Map<string, Example> {
  const entries = markdown.split(/^### /m).slice(1)
  return new Map(
    entries.map(entry => {
      const name = /^`([\w.-]+)`/.exec(entry)?.[1] ?? ''
      const example = /```json\n([\s\S]*?)```/.exec(entry)?.[1]
      if (!example) throw new Error(`DIFFERENCES.md: ${name || entry.slice(0, 40)} has no example`)
      return [name, JSON.parse(example) as Example]
    }),
  )
}

/** `base` is one of bases.ts; each change sets a cell (CSV) or the value at a pointer (JSON; left out: removes it). */
export type Example = {
  base: '2.1' | '2.2' | '3.0'
  layout: 'tall' | 'wide' | 'json'
  change: { at: string; to?: unknown }[]
  /** Only the first rows of the sheet. */
  rows?: number
  /** Replacements in the finished text. */
  text?: [from: string, to: string][]
  /** Where it is not the one that the columns show. */
  dictionary?: string
  /** What one side alone says. */
  validator: string[]
  here: string[]
}

function ruleOf(id: string): Rule {
  const found = ruleNames.map((name): Rule => rules[name]).find(rule => rule.id === id)
  if (!found) throw new Error(`there is no rule ${id}`)
  return found
}

function headerAt(text: string, cell: string): string {
  const letters = /^[A-Z]+/.exec(cell)?.[0] ?? 'A'
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
  const scanner = new CsvScanner()
  scanner.push(Buffer.from(text))
  scanner.end()
  while (scanner.next() && scanner.row < rowOf(cell));
  return cellText(scanner.bytes, scanner.starts[column] ?? 0, scanner.ends[column] ?? 0)
}

function holderOf(text: string, pointer: string): unknown {
  let value: unknown = JSON.parse(text)
  for (const key of pointer.split('/').slice(1, -1))
    value = (value as Record<string, unknown> | undefined)?.[key]
  return value
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
