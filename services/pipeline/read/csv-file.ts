/** A CSV in the CMS template: two rows on the hospital, one of data headers, then the data. */

import type { Kernel } from '../kernel/kernel.ts'
import { columnKey, type DataColumns, type Fault } from '../layout/csv-column-names.ts'
import { readDataColumns } from '../layout/csv-columns.ts'
import { checkCsvGeneral, readCsvGeneral, templateHint } from '../layout/csv-general.ts'
import { checkGeneral, emptyGeneral } from '../layout/general.ts'
import type { Rows } from '../load/rows.ts'
import type { Normaliser } from '../normalise/normaliser.ts'
import { createTall } from '../normalise/tall.ts'
import { createWide } from '../normalise/wide.ts'
import { appliesTo, rules, type TemplateVersion } from '../rules/catalogue.ts'
import { columnLetters, type Findings, filled } from '../rules/findings.ts'
import { CsvLimitError, csvLimits } from '../scan/csv-limits.ts'
import { CsvScanner } from '../scan/csv-scanner.ts'
import { cellText, utf16Length } from '../scan/encoding.ts'
import { type Reason, Refusal } from '../source/refusal.ts'
import { type FileFacts, noRows, type Reader } from './reader.ts'

type Options = {
  rows: Rows
  findings: Findings
  now: Date /** Bytes before the first record: the byte order mark. */
  skipped: number /** The source is UTF-16; the chunks are UTF-8. */
  utf16: boolean
  kernel: Kernel | undefined
}

export function createCsvReader({ rows, findings, now, skipped, utf16, kernel: given }: Options): Reader {
  // Offsets into a source of UTF-16 are worked out for each record by itself.
  const kernel = utf16 ? undefined : given
  kernel?.reset()
  const scanner = new CsvScanner(csvLimits, kernel?.stretches)
  const head: string[][] = []
  const facts: FileFacts = {
    layout: undefined,
    version: undefined,
    general: emptyGeneral(),
    counts: { seen: 0, loaded: 0, rejected: 0, blank: 0 },
  }
  let normaliser: Normaliser | undefined
  let utf16Offset = skipped

  function header(): void {
    const { row } = scanner
    if (scanner.unclosed) findings.add('unclosedQuote', { row, cell: `row ${row}` })
    head.push(cells(scanner))
    if (head.length < 3) return
    const [names = [], values = [], data = []] = head
    const general = readCsvGeneral(names, values)
    const columns = readDataColumns(data, templateHint(names))
    if (!columns.layout) {
      const { version, faults } = columns
      facts.version = version
      const all = [...blankRows(names, data), ...generalFaults(names, values, version), ...faults]
      throw refusal(
        all.filter(({ rule }) => appliesTo(rules[rule], version)),
        head,
      )
    }
    const { layout, version } = columns
    if (isBlank(names)) findings.add('headerRowBlank', { row: 1, cell: 'A1' })
    checkCsvGeneral(names, values, version, findings)
    checkGeneral(general, findings, name => placeOfHeader(names, name), now)
    for (const { rule, place } of columns.faults) findings.add(rule, place)
    reportEstimated(columns, findings)
    normaliser =
      layout === 'tall'
        ? createTall(columns, version, rows, findings, kernel)
        : createWide(columns, version, rows, findings, kernel)
    scanner.repeating = normaliser.repeating
    Object.assign(facts, { layout, version, general, counts: normaliser.counts })
  }

  /** Offsets point into the source as it was published. */
  function locate(): void {
    if (!utf16) {
      scanner.offset += skipped
      return
    }
    scanner.length = utf16Length(scanner.bytes, scanner.start, scanner.finish)
    scanner.offset = utf16Offset
    utf16Offset += scanner.length
  }

  function drain(): void {
    try {
      while (scanner.next()) {
        locate()
        if (normaliser) normaliser.take(scanner)
        else header()
      }
    } catch (error) {
      throw error instanceof CsvLimitError ? tooLong(error) : error
    }
  }

  return {
    facts,
    push(chunk) {
      scanner.push(chunk)
      drain()
    },
    end() {
      scanner.end()
      drain()
      if (!normaliser) throw refusal([], head)
      normaliser.end()
      if (facts.counts.seen > 0) return
      const what = 'The file has its three rows of headers and none below'
      throw noRows({ what, cell: 'row 4', findings, version: facts.version })
    },
  }
}

const isBlank = (row: string[]) => row.every(cell => cell === '')

function blankRows(names: string[], data: string[]): Fault[] {
  const blank = [...(isBlank(names) ? [1] : []), ...(isBlank(data) ? [3] : [])]
  return blank.map(row => ({ rule: 'headerRowBlank', place: { row, cell: `A${row}` } }))
}

/** Faults of rows 1 and 2, for a file that is refused for its row 3: who corrects one wants to know of the others. */
function generalFaults(names: string[], values: string[], version: TemplateVersion): Fault[] {
  const faults: Fault[] = []
  checkCsvGeneral(names, values, version, {
    add: (rule, place = {}) => faults.push({ rule, place: typeof place === 'function' ? place() : place }),
  })
  return faults.filter(({ rule }) => rules[rule].severity === 'error')
}

function cells({ bytes, starts, ends, count }: CsvScanner): string[] {
  return Array.from({ length: count }, (_, field) =>
    cellText(bytes, starts[field] ?? 0, ends[field] ?? 0).trim(),
  )
}

function placeOfHeader(
  names: string[],
  name: string,
): { cell: string; columnName: string; row: number; column: number } {
  const column = Math.max(
    0,
    names.findIndex(header => columnKey(header) === name),
  )
  return { cell: `${columnLetters(column)}2`, columnName: name, row: 2, column }
}

function reportEstimated(columns: DataColumns, findings: Findings): void {
  if (columns.version !== '3.0') return
  const estimated =
    columns.layout === 'tall' ? [columns.rate.estimated] : columns.payers.map(payer => payer.estimated)
  for (const column of estimated) {
    if (column !== columns.none)
      findings.add('estimatedAmount', {
        row: 3,
        column,
        columnName: columns.names[column] ?? '',
        cell: `${columnLetters(column)}3`,
      })
  }
}

function tooLong({ kind, message }: CsvLimitError): Refusal {
  if (kind === 'unclosed')
    return new Refusal(
      'unclosed-quotes',
      `The quotes of this CSV cannot be paired: ${message}. Export it again with every quote inside a cell doubled.`,
    )
  if (kind === 'fields') return new Refusal('too-many-columns', `This is no price file: ${message}.`)
  return new Refusal(
    'record-too-long',
    `This is no price file: ${message}, so it holds a cell of megabytes, or lines that do not end.`,
  )
}

/** Why the columns cannot be understood: one sentence, then every reason at once. */
function refusal(faults: Fault[], head: string[][]): Refusal {
  const reasons: Reason[] = faults.map(({ rule, place }) => ({
    rule: rules[rule].id,
    message: filled(rules[rule].message, place.fill),
    ...(place.cell && { cell: place.cell }),
  }))
  return new Refusal(
    'columns',
    `Row 3 does not hold the columns of the CMS template, so no row can be read${hint(head)}. Put the general headers into row 1, their values into row 2 and the data headers into row 3.`,
    reasons,
  )
}

/** What may have moved the rows or hidden their cells. */
function hint(head: string[][]): string {
  const [first = [], second = [], third = []] = head
  if (head.length < 3) return `: the file has only ${head.length} row${head.length === 1 ? '' : 's'}`
  if (/^sep=/i.test(first[0] ?? '')) return ': its first line, "sep=", is read by Excel alone; remove it'
  if (readDataColumns(first, 0).layout) return ': the data headers stand in row 1'
  const separator = ['\t', ';', '|'].find(mark => isSeparated(third, mark))
  if (separator)
    return `: its cells are separated by ${separator === '\t' ? 'tabs' : `"${separator}"`}, not commas`
  if (second.some(name => columnKey(name) === 'hospital_name'))
    return ': the general headers stand in row 2, below another row'
  if (isBlank(third)) return ': row 3 is blank'
  return isBlank(second) ? ': row 2 is blank' : ''
}

/** By row 3 alone: sentences and addresses of the rows above hold commas, whatever stands between their cells. */
function isSeparated(row: string[], mark: string): boolean {
  const names = row
    .join(',')
    .split(mark)
    .map(name => columnKey(name.replaceAll(/^"|"$/g, '')))
  return names.length > 2 && (row.length === 1 || names.includes('description'))
}
