/** Rows 1 and 2 of a CSV: header names and their values (CMS CSV data dictionary, "General data elements"). */
import type { TemplateVersion } from '../rules/catalogue.ts'
import { columnLetters, type Findings } from '../rules/findings.ts'
import { readDate, states } from '../rules/values.ts'
import { columnKey } from './csv-column-names.ts'
import {
  addLicences,
  affirmation,
  attestation,
  attestationStart,
  emptyGeneral,
  type General,
  pipeParts,
} from './general.ts'

const common = ['hospital_name', 'last_updated_on', 'version', 'hospital_address']

/** How many headers belong to template 3.0 only, less those that belong to 2.x only. */
export function templateHint(headers: string[]): number {
  const keys = new Set(headers.map(columnKey))
  const some = (...names: string[]) => names.filter(name => keys.has(name)).length
  const of30 = some('location_name', 'type_2_npi', 'attester_name', columnKey(attestation))
  return of30 - some('hospital_location', columnKey(affirmation))
}

/** Reads what is there; says nothing of what is missing (see `checkCsvGeneral`). */
export function readCsvGeneral(headers: string[], values: string[]): General {
  const general = emptyGeneral()
  general.shifted = firstBeyond(headers, values) >= 0
  for (let column = 0; column < Math.max(headers.length, values.length); column++) {
    const value = (values[column] ?? '').trim()
    const name = (headers[column] ?? '').trim()
    if (name === '' && value === '') continue
    general.all[name === '' ? `(column ${columnLetters(column)})` : uniqueName(general.all, name)] = value
    if (value !== '') take(general, columnKey(name), value)
  }
  return general
}

/** The first value beyond the last header, -1 for none: commas of an address that is not quoted move all that follows it. */
function firstBeyond(headers: string[], values: string[]): number {
  const last = headers.findLastIndex(header => header.trim() !== '')
  return last < 0 ? -1 : values.findIndex((value, column) => column > last && value.trim() !== '')
}

function uniqueName(all: Record<string, unknown>, name: string): string {
  let unique = name
  for (let copy = 2; Object.hasOwn(all, unique); copy++) unique = `${name} (${copy})`
  return unique
}

function take(general: General, key: string, value: string): void {
  const [first = '', second] = key.split('|')
  if (key === 'hospital_name') general.hospitalName ??= value
  else if (key === 'last_updated_on') general.lastUpdatedOn ??= readDate(value, true)
  else if (key === 'version') general.declaredVersion ??= value
  else if (key === 'location_name' || key === 'hospital_location')
    general.locationNames.push(...pipeParts(value))
  else if (key === 'hospital_address') general.addresses.push(...pipeParts(value.replace(/^"(.*)"$/, '$1')))
  else if (key === 'type_2_npi') general.npis.push(...pipeParts(value))
  else if (key === 'attester_name') general.attesterName ??= value
  else if (key === 'financial_aid_policy') general.financialAidPolicy ??= value
  else if (key === 'general_contract_provisions') general.generalContractProvisions ??= value
  else if (first === 'license_number') {
    const state = second && states.has(second.toUpperCase()) ? second.toUpperCase() : undefined
    general.state ??= state
    addLicences(general, state, value)
  } else if (key.startsWith(attestationStart)) general.attestation ??= readBoolean(value)
}

function readBoolean(value: string): boolean | undefined {
  return /^true$/i.test(value) ? true : /^false$/i.test(value) ? false : undefined
}

/** The rules of rows 1 and 2, those of CMS with the cells that `@cmsgov/hpt-validator` names. */
export function checkCsvGeneral(
  headers: string[],
  values: string[],
  version: TemplateVersion,
  findings: Pick<Findings, 'add'>,
): void {
  const v3 = version === '3.0'
  const wanted = new Set([
    ...common,
    ...(v3
      ? ['location_name', 'type_2_npi', 'attester_name', columnKey(attestation)]
      : ['hospital_location']),
    ...(version === '2.1' || version === '2.2' ? [columnKey(affirmation)] : []),
  ])
  if (version === '1.1') wanted.delete('hospital_address')
  const found = new Set<string>()
  let licence: string | undefined
  headers.forEach((header, column) => {
    const key = columnKey(header)
    const place = { row: 1, column, columnName: header, cell: `${columnLetters(column)}1` }
    if (key.startsWith('license_number|') && key.split('|').length === 2) {
      if (licence === undefined && states.has((key.split('|')[1] ?? '').toUpperCase())) licence = key
      else if (licence === undefined) findings.add('state', place)
      else if (licence === key) findings.add('headerDuplicate', { ...place, fill: { name: header } })
      return
    }
    if (found.has(key)) findings.add('headerDuplicate', { ...place, fill: { name: header } })
    if (!wanted.delete(key)) return
    found.add(key)
    checkValue(
      key,
      (values[column] ?? '').trim(),
      { ...place, row: 2, cell: `${columnLetters(column)}2` },
      findings,
    )
  })
  for (const name of wanted) {
    const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
    findings.add('headerMissing', { row: 1, cell: 'row 1', columnName: shown, fill: { name: shown } })
  }
  if (licence === undefined)
    findings.add('headerMissing', { row: 1, cell: 'row 1', fill: { name: 'license_number|[state]' } })
  checkVersion(headers, values, version, findings)
  const beyond = firstBeyond(headers, values)
  const cell = `${columnLetters(beyond)}2`
  if (beyond >= 0)
    findings.add('generalShifted', { row: 2, column: beyond, cell, value: values[beyond] ?? '' })
}

type ValuePlace = { row: number; column: number; columnName: string; cell: string }

function checkValue(key: string, value: string, place: ValuePlace, findings: Pick<Findings, 'add'>): void {
  const fill = { name: place.columnName.length > 60 ? `${place.columnName.slice(0, 60)}…` : place.columnName }
  if (value === '') findings.add('headerValue', { ...place, fill })
  else if (key === 'last_updated_on' && !readDate(value, true))
    findings.add('date', { ...place, value, fill })
  else if (key.startsWith(attestationStart)) {
    const answer = readBoolean(value)
    if (answer === undefined) findings.add('attestationValue', { ...place, value })
    else if (!answer) findings.add('attestationFalse', { ...place, value })
  }
}

function checkVersion(
  headers: string[],
  values: string[],
  version: TemplateVersion,
  findings: Pick<Findings, 'add'>,
): void {
  const expected = version === '3.0' ? '3.0.0' : version === '1.1' ? undefined : '2.0.0'
  const column = headers.findIndex(header => columnKey(header) === 'version')
  const value = (values[column] ?? '').trim()
  if (!expected || column < 0 || value === '' || value === expected) return
  const cell = `${columnLetters(column)}2`
  findings.add('versionMismatch', { row: 2, column, columnName: 'version', cell, value, fill: { expected } })
}
