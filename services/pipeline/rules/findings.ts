/** Collects what is wrong with a file: every breach counted, the first hundred of each rule kept with cell and value. */
import { cellText } from '../scan/encoding.ts'
import { appliesTo, type Rule, type RuleName, ruleNames, rules, type TemplateVersion } from './catalogue.ts'
import type { Span } from './rule.ts'

export type Finding = {
  rule: string
  layer: Rule['layer']
  severity: Rule['severity']
  row?: number
  column?: number
  columnName?: string
  /** `AB122` in a CSV, a JSON pointer in a JSON, `row 122` for a whole row. */
  cell?: string
  /** Cut at 200 bytes. */
  value?: string
  message: string
}

export type RejectedRow = { row: number; rule: string; message: string; offset: number; length: number }

/** Where a rule was broken, and what fills the placeholders of its message. */
export type Place = Partial<Pick<Finding, 'row' | 'column' | 'columnName' | 'cell' | 'value'>> & {
  fill?: Record<string, string | number>
}

export type Findings = {
  /** `span`: the templates in which it is a breach here, of those that the rule belongs to. */
  add(name: RuleName, place?: Place | (() => Place), span?: Span): void
  /** The row is not loaded: it has a finding and stands in the list of rejected rows (the list is bounded, the count is not). */
  reject(name: RuleName, row: Omit<RejectedRow, 'rule' | 'message'>, place?: Place): void
  has(name: RuleName): boolean
  /** How many breaches there were so far. */
  readonly total: number
  /** Leaves out rules that do not belong to the template that was recognised in the end. */
  summary(version: TemplateVersion | undefined): {
    counts: Map<Rule, number>
    samples: Finding[]
    rejected: RejectedRow[]
  }
}

export type FindingLimits = { samplesPerRule: number; rejectedRows: number }

const defaultLimits: FindingLimits = { samplesPerRule: 100, rejectedRows: 100_000 }

export function createFindings(limits: FindingLimits = defaultLimits): Findings {
  const counts = new Map<RuleName, number>()
  /** Of some templates only: counted apart, as what they are is not known before the file's end. */
  const spanned = new Map<RuleName, Map<Span, number>>()
  const samples: { name: RuleName; span: Span; finding: Finding }[] = []
  const rejected: RejectedRow[] = []
  let total = 0

  function add(name: RuleName, place: Place | (() => Place) = {}, span: Span = always): void {
    const count = span === always ? counted(counts, name) : counted(spansOf(name), span)
    total++
    if (count <= limits.samplesPerRule)
      samples.push({ name, span, finding: finding(name, typeof place === 'function' ? place() : place) })
  }

  function spansOf(name: RuleName): Map<Span, number> {
    const known = spanned.get(name) ?? new Map<Span, number>()
    spanned.set(name, known)
    return known
  }

  function countOf(name: RuleName, version: TemplateVersion | undefined): number {
    let count = counts.get(name) ?? 0
    for (const [span, more] of spanned.get(name) ?? [])
      if (version === undefined || appliesTo(span, version)) count += more
    return count
  }

  return {
    add,
    reject(name, { row, offset, length }, place = {}) {
      add(name, { row, cell: `row ${row}`, ...place })
      if (rejected.length < limits.rejectedRows)
        rejected.push({
          row,
          rule: rules[name].id,
          message: filled(rules[name].message, place.fill),
          offset,
          length,
        })
    },
    has: name => counts.has(name),
    get total() {
      return total
    },
    summary(version) {
      const belongs = (span: Span) => version === undefined || appliesTo(span, version)
      const kept = ruleNames.filter(name => belongs(rules[name]) && countOf(name, version) > 0)
      const shown = new Map<RuleName, number>()
      return {
        counts: new Map(kept.map(name => [rules[name], countOf(name, version)])),
        samples: samples
          .filter(
            ({ name, span }) =>
              belongs(rules[name]) && belongs(span) && counted(shown, name) <= limits.samplesPerRule,
          )
          .map(sample => sample.finding),
        rejected,
      }
    },
  }
}

const always: Span = {}

function counted<Key>(counts: Map<Key, number>, key: Key): number {
  const count = (counts.get(key) ?? 0) + 1
  counts.set(key, count)
  return count
}

function finding(name: RuleName, { fill: values, value, cell, columnName, ...place }: Place): Finding {
  const { id, layer, severity, message } = rules[name]
  // Headers and keys may be as long as their file.
  return {
    rule: id,
    layer,
    severity,
    ...place,
    ...(columnName !== undefined && { columnName: cut(columnName) }),
    ...(cell !== undefined && { cell: cut(cell) }),
    ...(value !== undefined && { value: cut(value) }),
    message: filled(message, values),
  }
}

/** A rule's message with its placeholders filled in. */
export function filled(message: string, values: Record<string, string | number> = {}): string {
  return message.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? cut(String(values[name])) : whole,
  )
}

/** At most 200 bytes of UTF-8, never half a character. */
export function cut(value: string): string {
  if (value.length <= 66) return value
  const bytes = Buffer.from(value)
  if (bytes.length <= 200) return value
  let end = 200
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

/** As `cut`, from the bytes of a cell, without making a string of ten megabytes first. */
export function cutCell(bytes: Buffer, start: number, end: number): string {
  return cut(cellText(bytes, start, Math.min(end, start + 240)))
}

/** A key as part of a JSON pointer (RFC 6901 §3). */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** 0 → A, 25 → Z, 26 → AA: the letters of a spreadsheet. */
export function columnLetters(column: number): string {
  let letters = ''
  for (let rest = column; rest >= 0; rest = Math.floor(rest / 26) - 1)
    letters = String.fromCharCode(65 + (rest % 26)) + letters
  return letters
}
