/** The root keys of a JSON file (CMS JSON data dictionary, "General data elements"). */
import type { TemplateVersion } from '../rules/catalogue.ts'
import type { Findings } from '../rules/findings.ts'
import { readDate, statesOfJson } from '../rules/values.ts'
import { storableText } from '../scan/encoding.ts'
import { addLicences, affirmation, attestation, emptyGeneral, type General } from './general.ts'

export type Members = Map<string, unknown>

const keysOf30 = ['location_name', 'type_2_npi', 'attestation']
const keysOf2x = ['hospital_location', 'affirmation']

/** Whether the template is 3.0 whatever else will come. */
export function isSurely30(members: Members): boolean {
  return keysOf30.every(key => members.has(key))
}

/** By keys, and by `version` only where they leave it open; `undefined` while nothing tells. */
export function jsonVersion(
  members: Members,
  hints: { v11: boolean; v22: boolean; v30: boolean },
): TemplateVersion | undefined {
  const some = (keys: readonly string[]) => keys.filter(key => members.has(key)).length
  const of30 = some(keysOf30)
  const of2x = some(keysOf2x)
  if (of30 > of2x || (of30 === of2x && hints.v30)) return '3.0'
  if (hints.v11) return '1.1'
  if (of2x === 0 && !hints.v22) return of30 > 0 ? '3.0' : undefined
  const location = members.get('hospital_location')
  if (of2x === 1 && location !== undefined && !Array.isArray(location) && !hints.v22) return '1.1'
  if (hints.v22 || members.has('modifier_information')) return '2.2'
  // 2.2 added keys that need not be there, so a file without them could be either: here alone the version decides.
  return members.get('version') === '2.1.0' ? '2.1' : '2.2'
}

export function readJsonGeneral(published: Members): General {
  const general = emptyGeneral()
  const members: Members = new Map([...published].map(([key, value]) => [storableText(key), storable(value)]))
  general.all = Object.fromEntries(members)
  general.hospitalName = text(members.get('hospital_name'))
  general.declaredVersion = text(members.get('version'))
  general.lastUpdatedOn = readDate(text(members.get('last_updated_on')) ?? '', true)
  general.locationNames = texts(members.get('location_name') ?? members.get('hospital_location'))
  general.addresses = texts(members.get('hospital_address'))
  general.npis = texts(members.get('type_2_npi'))
  general.financialAidPolicy = text(members.get('financial_aid_policy'))
  general.generalContractProvisions = members.get('general_contract_provisions')
  for (const licence of list(members.get('license_information'))) {
    const { license_number: number, state } = record(licence)
    const letters = text(state)?.toUpperCase()
    const known = letters && statesOfJson.has(letters) ? letters : undefined
    general.state ??= known
    if (text(number)) addLicences(general, known, text(number) ?? '')
  }
  const statement = record(members.get('attestation') ?? members.get('affirmation'))
  const answer = statement.confirm_attestation ?? statement.confirm_affirmation
  if (typeof answer === 'boolean') general.attestation = answer
  general.attesterName = text(statement.attester_name)
  return general
}

/** The value without what Postgres does not store. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [storableText(key), storable(child)]))
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

function text(value: unknown): string | undefined {
  const shown = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : ''
  return shown === '' ? undefined : shown
}

function texts(value: unknown): string[] {
  return list(value).flatMap(entry => text(entry) ?? [])
}

/** The CMS rules of the root (schemas V2.0.0 to V3.0.0). */
export function checkJsonGeneral(members: Members, version: TemplateVersion, findings: Findings): void {
  const v3 = version === '3.0'
  const wanted = [
    'hospital_name',
    'last_updated_on',
    'version',
    ...(version === '1.1' ? [] : ['hospital_address', 'license_information']),
  ]
  if (v3) wanted.push('location_name', 'type_2_npi', 'attestation')
  else if (version !== '1.1') wanted.push('hospital_location', 'affirmation')
  for (const name of wanted)
    if (!members.has(name)) findings.add('headerMissing', { cell: `/${name}`, fill: { name } })
  for (const name of ['hospital_name', 'version']) checkText(members, name, findings)
  const lists = v3
    ? ['location_name', 'hospital_address', 'type_2_npi']
    : version === '1.1'
      ? []
      : ['hospital_location', 'hospital_address']
  for (const name of lists) checkTexts(members, name, v3, findings)
  const date = members.get('last_updated_on')
  if (date !== undefined && (typeof date !== 'string' || !readDate(date, false)))
    findings.add('date', { cell: '/last_updated_on', value: String(date), fill: { name: 'last_updated_on' } })
  if (version !== '1.1') {
    checkLicence(members, findings)
    checkStatement(members, v3, findings)
  }
  checkVersion(members, version, findings)
}

function checkText(members: Members, name: string, findings: Findings): void {
  const value = members.get(name)
  if (value === undefined) return
  if (typeof value !== 'string')
    findings.add('headerType', { cell: `/${name}`, fill: { name, type: 'a string' } })
  else if (value === '') findings.add('headerValue', { cell: `/${name}`, fill: { name } })
}

function checkTexts(members: Members, name: string, v3: boolean, findings: Findings): void {
  const value = members.get(name)
  if (value === undefined) return
  if (!Array.isArray(value)) {
    findings.add('headerType', { cell: `/${name}`, fill: { name, type: 'a list of strings' } })
    return
  }
  if (value.length === 0) findings.add('headerValue', { cell: `/${name}`, fill: { name } })
  value.forEach((entry, at) => {
    const cell = `/${name}/${at}`
    if (typeof entry !== 'string') findings.add('headerType', { cell, fill: { name, type: 'a string' } })
    else if (v3 && entry === '') findings.add('headerValue', { cell, fill: { name } })
  })
}

/** Reports a value that is no object; what is in it is not asked for then. */
function isObject(members: Members, name: string, findings: Findings): boolean {
  const value = members.get(name)
  if (value === undefined) return false
  const object = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!object) findings.add('headerType', { cell: `/${name}`, fill: { name, type: 'an object' } })
  return object
}

function checkLicence(members: Members, findings: Findings): void {
  if (!isObject(members, 'license_information', findings)) return
  const { license_number: number, state } = record(members.get('license_information'))
  if (state === undefined)
    findings.add('headerMissing', { cell: '/license_information/state', fill: { name: 'state' } })
  else if (typeof state !== 'string' || !statesOfJson.has(state))
    findings.add('state', { cell: '/license_information/state', value: String(state) })
  const at = { cell: '/license_information/license_number' }
  if (number === undefined) return
  if (typeof number !== 'string')
    findings.add('headerType', { ...at, fill: { name: 'license_number', type: 'a string' } })
  else if (number === '') findings.add('headerValue', { ...at, fill: { name: 'license_number' } })
}

function checkStatement(members: Members, v3: boolean, findings: Findings): void {
  const name = v3 ? 'attestation' : 'affirmation'
  if (!isObject(members, name, findings)) return
  const statement = record(members.get(name))
  const confirm = `confirm_${name}`
  if (statement[name] !== (v3 ? attestation : affirmation))
    findings.add('attestationText', { cell: `/${name}/${name}` })
  if (typeof statement[confirm] !== 'boolean')
    findings.add('attestationValue', { cell: `/${name}/${confirm}` })
  else if (!statement[confirm]) findings.add('attestationFalse', { cell: `/${name}/${confirm}` })
  const attester = statement.attester_name
  if (v3 && (typeof attester !== 'string' || attester === ''))
    findings.add('headerValue', { cell: '/attestation/attester_name', fill: { name: 'attester_name' } })
}

function checkVersion(members: Members, version: TemplateVersion, findings: Findings): void {
  const declared = members.get('version')
  const expected =
    version === '3.0'
      ? ['3.0.0']
      : version === '2.2'
        ? ['2.0.0', '2.2.0', '2.2.1']
        : version === '2.1'
          ? ['2.0.0', '2.1.0']
          : []
  if (typeof declared !== 'string' || expected.length === 0 || expected.includes(declared)) return
  findings.add('versionMismatch', {
    cell: '/version',
    value: declared,
    fill: { expected: expected[0] ?? '' },
  })
}
