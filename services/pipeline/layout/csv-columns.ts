/**
 * Row 3 of a CSV: which column holds what (CMS CSV data dictionary, "Standard charge information data elements").
 * Names are matched without case and without blanks around pipes, in any order. Built once a file; after it, a row is
 * read by column numbers only.
 */
import type { RuleName, TemplateVersion } from '../rules/catalogue.ts'
import { columnLetters } from '../rules/findings.ts'
import {
  columnKey,
  type DataColumns,
  type Fault,
  hasFormerName,
  itemKeys,
  otherKinds,
  type PayerColumns,
  type RateColumns,
  rateKinds,
  type Unreadable,
} from './csv-column-names.ts'
import { isNamed, missingColumns, type Reading } from './csv-missing.ts'

/** `hint`: how many headers of row 1 belong to template 3.0, less those that belong to 2.x. */
export function readDataColumns(names: string[], hint: number): DataColumns | Unreadable {
  const none = names.length
  const rate = () => emptyRate(none)
  const reading: Reading = {
    names,
    keys: names.map(columnKey),
    none,
    item: {
      description: none,
      codes: [],
      setting: none,
      billingClass: none,
      modifiers: none,
      drugUnit: none,
      drugType: none,
      gross: none,
      cash: none,
      minimum: none,
      maximum: none,
      notes: none,
      extra: [],
    },
    tall: { payer: none, plan: none, rate: rate() },
    payers: new Map(),
    faults: [],
  }
  const seen = new Set<string>()
  reading.keys.forEach((key, column) => {
    if (key === '') reading.item.extra.push({ column, name: `(column ${columnLetters(column)})` })
    else if (seen.has(key)) {
      reading.faults.push(fault('columnDuplicate', names, column))
      reading.item.extra.push({ column, name: `${(names[column] ?? '').trim()} (${columnLetters(column)})` })
    } else take(reading, key, column)
    seen.add(key)
  })
  return conclude(reading, templateVersion(seen, reading, hint))
}

function emptyRate(none: number): RateColumns {
  return {
    dollar: none,
    percentage: none,
    algorithm: none,
    estimated: none,
    median: none,
    percentile10: none,
    percentile90: none,
    count: none,
    methodology: none,
    notes: none,
  }
}

function fault(rule: RuleName, names: string[], column: number): Fault {
  const name = names[column] ?? ''
  return {
    rule,
    place: {
      row: 3,
      column,
      columnName: name,
      cell: `${columnLetters(column)}3`,
      fill: { name: name.trim() },
    },
  }
}

function take(reading: Reading, key: string, column: number): void {
  const { item, tall } = reading
  const parts = key.split('|')
  const itemKey = itemKeys.get(key)
  const tallKind =
    parts.length === 2 && parts[0] === 'standard_charge' ? rateKinds.get(parts[1] ?? '') : otherKinds.get(key)
  if (itemKey) item[itemKey] = column
  else if (key === 'payer_name') tall.payer = column
  else if (key === 'plan_name') tall.plan = column
  else if (tallKind) place(reading, tall.rate, tallKind, column)
  else if (parts[0] === 'code' && takeCode(reading, parts, column)) return
  else if (takePayer(reading, parts, column)) return
  else item.extra.push({ column, name: (reading.names[column] ?? '').trim() })
}

/** `code|1`, `code|1|type`. Another spelling of the number (`code|01`) is one that CMS counts and does not read. */
function takeCode({ item, names, none, faults }: Reading, parts: string[], column: number): boolean {
  const isType = parts.length === 3 && parts[2] === 'type'
  if (parts.length !== 2 && !isType) return false
  if (parts[1] === '[i]') faults.push(fault('columnPlaceholder', names, column))
  const index = Number((parts[1] ?? '').replaceAll(/\D/g, '')) - 1
  if (!(index >= 0 && index < 100)) return false
  while (item.codes.length <= index) item.codes.push({ code: none, type: none })
  if (parts[1] !== String(index + 1)) return false
  const pair = item.codes[index]
  if (pair) pair[isType ? 'type' : 'code'] = column
  return true
}

/** `standard_charge|payer|plan|negotiated_dollar`, `median_amount|payer|plan`, and both without their plan. */
function takePayer(reading: Reading, parts: string[], column: number): boolean {
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  const charge = first === 'standard_charge' && parts.length >= 3
  const kind = charge ? rateKinds.get(last) : parts.length >= 2 ? otherKinds.get(first) : undefined
  if (!kind) return false
  const written = (reading.names[column] ?? '').split('|').map(part => part.trim())
  const [payer = '', ...plan] = charge ? written.slice(1, -1) : written.slice(1)
  const planName = plan.length === 0 ? null : plan.join('|')
  const group = payerGroup(reading, payer, planName)
  if (group.payer !== payer || group.plan !== planName)
    reading.faults.push(fault('payerColumnCase', reading.names, column))
  if (!group.official)
    reading.faults.push(
      fault(planName === null ? 'payerColumnWithoutPlan' : 'payerColumnParts', reading.names, column),
    )
  place(reading, group, kind, column)
  return true
}

/** What template 1.1 calls a column counts where no column has the name that came after it; otherwise it is one nobody knows. */
function place(reading: Reading, rate: RateColumns, kind: keyof RateColumns, column: number): void {
  const before = rate[kind]
  if (before === reading.none) rate[kind] = column
  else if (hasFormerName(reading.keys[column])) keepAsExtra(reading, [column])
  else {
    keepAsExtra(reading, [before])
    rate[kind] = column
  }
}

function payerGroup({ payers, none }: Reading, payer: string, plan: string | null): PayerColumns {
  const key = `${payer}|${plan === null ? '' : `|${plan}`}`.toLowerCase()
  const known = payers.get(key)
  if (known) return known
  const group = { payer, plan, official: plan !== null && !plan.includes('|'), ...emptyRate(none) }
  payers.set(key, group)
  return group
}

/**
 * By columns and headers, never by the version cell: 2.1 and 2.2 files are told to write 2.0.0 there. Each header that one
 * template has and the other has not counts, so that a single misspelt one does not turn the file into another's. Where none
 * is there at all, the file is told what the template in force asks.
 */
function templateVersion(keys: Set<string>, reading: Reading, hint: number): TemplateVersion {
  const { payers, tall, none } = reading
  const rates = [tall.rate, ...payers.values()]
  const some = (kind: keyof RateColumns) => (rates.some(rate => rate[kind] !== none) ? 1 : 0)
  const of30 = hint + some('median') + some('percentile10') + some('percentile90') + some('count')
  if (of30 > some('estimated')) return '3.0'
  if (hint === 0 && payers.size === 0 && Object.values(tall.rate).every(column => column === none))
    return '3.0'
  const own = isTall(reading) ? [tall.rate] : rates
  const named = own.flatMap(({ percentage, methodology }) => [percentage, methodology])
  if (named.some(column => hasFormerName(reading.keys[column]))) return '1.1'
  const of22 = ['modifiers', 'drug_unit_of_measurement', 'drug_type_of_measurement']
  return some('estimated') === 1 || of22.some(key => keys.has(key)) ? '2.2' : '2.1'
}

function conclude(reading: Reading, version: TemplateVersion): DataColumns | Unreadable {
  const { item, tall, none, names, faults } = reading
  if (version === '3.0') dropPlaceholders(reading)
  const known = payerKinds(version)
  for (const group of reading.payers.values())
    if (!known.some(kind => isNamed(reading, version, group[kind]))) group.official = false
  const withPayers = isTall(reading)
  const official = [...reading.payers.values()].some(payer => payer.official)
  if (withPayers ? official : reading.payers.size === 0)
    return {
      layout: undefined,
      version,
      faults: [...faults, unclear, ...missingColumns(reading, version, undefined)],
    }
  const layout = withPayers ? 'tall' : 'wide'
  if (layout === 'wide' && !official) faults.push(unclear)
  if (layout === 'tall') keepPayers(reading)
  else keepTall(reading)
  const lacking = missingColumns(reading, version, layout)
  const needed = new Set(['description', 'code|1'])
  if (lacking.some(({ place }) => needed.has(place.columnName ?? '')))
    return { layout: undefined, version, faults: [...faults, ...lacking] }
  faults.push(...lacking)
  for (const { column } of item.extra.filter(({ name }) => !/\([A-Z]+\)$|^\(column/.test(name)))
    faults.push(fault('columnUnknown', names, column))
  const shared = { ...item, names, none, version, faults }
  if (layout === 'tall') return { ...shared, layout, ...tall }
  return { ...shared, layout, payers: [...reading.payers.values()] }
}

function isTall({ tall, none }: Reading): boolean {
  return tall.payer !== none && tall.plan !== none
}

/** Which columns of a payer and plan the template knows; others do not make a payer. */
function payerKinds(version: TemplateVersion): (keyof RateColumns)[] {
  const charge = ['dollar', 'percentage', 'algorithm', 'methodology', 'notes'] as const
  if (version === '3.0') return [...charge, 'median', 'percentile10', 'percentile90', 'count']
  return version === '2.2' ? [...charge, 'estimated'] : [...charge]
}

/** Template 3.0 alone asks that nobody is called [payer_name] or [plan_name]. */
function dropPlaceholders({ payers, item, names, none, faults }: Reading): void {
  for (const [key, { payer, plan, official, ...rate }] of payers) {
    const ofPayer = /^\[payer_name\]$/i.test(payer)
    const ofPlan = /^\[plan_name\]$/i.test(plan ?? '')
    if (!official || !(ofPayer || ofPlan)) continue
    payers.delete(key)
    for (const column of Object.values(rate).filter(value => value !== none)) {
      const charge = /^\s*standard_charge/i.test(names[column] ?? '')
      if (charge || (ofPayer && ofPlan)) faults.push(fault('columnPlaceholder', names, column))
      item.extra.push({ column, name: (names[column] ?? '').trim() })
    }
  }
}

/** Payer columns have no place in a tall file, nor has a payer's note beside the row's: their values stay beside the row. */
function keepPayers(reading: Reading): void {
  const { rate } = reading.tall
  keepAsExtra(reading, [rate.notes])
  rate.notes = reading.none
  for (const { payer: _, plan: __, official: ___, ...rate } of reading.payers.values())
    keepAsExtra(reading, Object.values(rate))
  reading.payers.clear()
  const kept = reading.faults.filter(({ rule }) => !rule.startsWith('payerColumn'))
  reading.faults.splice(0, reading.faults.length, ...kept)
}

/** Nor have the columns of a tall file in a wide one. */
function keepTall(reading: Reading): void {
  const { payer, plan, rate } = reading.tall
  keepAsExtra(reading, [payer, plan, ...Object.values(rate)])
}

function keepAsExtra({ item, names, none }: Reading, columns: readonly number[]): void {
  for (const column of columns)
    if (column !== none) item.extra.push({ column, name: (names[column] ?? '').trim() })
}

const unclear: Fault = { rule: 'layoutUnclear', place: { row: 3, cell: 'row 3' } }
