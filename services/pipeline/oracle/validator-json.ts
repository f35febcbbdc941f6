/**
 * Errors and alerts of the validator's JSON side → our rules. Ajv tells every branch it tried and points at the object that
 * lacks a key; here a breach is told once, at the key.
 */
import { type RuleName, rules } from '../rules/catalogue.ts'
import type { Told } from './validator.ts'
import type { Breach } from './verdict.ts'

type Fault = { path: string; message: string }

export function jsonBreaches(errors: Told[], alerts: Told[], dictionary: string): Breach[] {
  return [...withoutBranches(errors).map(fault => errorBreach(fault, dictionary)), ...alerts.map(alertBreach)]
}

const branch = 'must match a schema in anyOf'

/** `anyOf` told as one fault instead of one a branch; `then` not at all, as what follows from it is told by itself. */
function withoutBranches(errors: Told[]): Fault[] {
  const kept: Fault[] = []
  for (const { path, message } of errors) {
    if (message === 'must match "then" schema') continue
    if (message !== branch) {
      kept.push({ path, message })
      continue
    }
    const first = required(isPayer(path) ? 'standard_charge_dollar' : 'gross_charge')
    const from = kept.findLastIndex(fault => fault.path === path && fault.message === first)
    // Without a first branch the value is no object at all, which is told by itself.
    if (from < 0) continue
    kept.length = from
    kept.push({ path, message })
  }
  return onePerValue(kept)
}

/** An enumeration refuses a value of the wrong type twice; minimum and maximum are one rule. */
function onePerValue(faults: Fault[]): Fault[] {
  const has = new Set(faults.map(({ path, message }) => `${path} ${message}`))
  return faults.filter(
    ({ path, message }, at) =>
      !(repeated(faults, { path, message }) < at) &&
      !(message === 'must be equal to one of the allowed values' && has.has(`${path} must be string`)) &&
      !(message === required('maximum') && has.has(`${path} ${required('minimum')}`)),
  )
}

/** Where a fault was told first: branches of the schema repeat what a value is, but each asks for its keys itself. */
function repeated(faults: Fault[], { path, message }: Fault): number {
  if (message.startsWith('must have required property')) return Number.POSITIVE_INFINITY
  return faults.findIndex(other => other.path === path && other.message === message)
}

const required = (name: string) => `must have required property '${name}'`

function errorBreach({ path, message }: Fault, dictionary: string): Breach {
  const missing = /^must have required property '(.+)'$/.exec(message)?.[1]
  const pointer = missing === undefined ? path : `${path}/${missing}`
  const name = missing === undefined ? ruleOfValue(path, message, dictionary) : ruleOfMissing(path, missing)
  if (!name) throw new Error(`no rule here for "${message}" at ${path || '/'}`)
  const charge = message === branch && !isPayer(path) ? `${path}/gross_charge` : pointer
  return `${rules[name].id} ${charge}`
}

const isPayer = (path: string) => /\/payers_information\/\d+$/.test(path)
const shape = (path: string) => path.replaceAll(/\/\d+(?=\/|$)/g, '/#')

const missingInItem: Record<string, RuleName> = {
  description: 'descriptionMissing',
  code_information: 'codeMissing',
  standard_charges: 'keyMissing',
  drug_information: 'drugForNdc',
  unit: 'drugUnit',
  type: 'codeWithoutType',
  code: 'typeWithoutCode',
  setting: 'settingMissing',
  minimum: 'minMaxMissing',
  maximum: 'minMaxMissing',
  payer_name: 'payerMissing',
  plan_name: 'planMissing',
  methodology: 'methodologyMissing',
  estimated_amount: 'estimateMissing',
  count: 'countMissing',
  median_amount: 'medianMissing',
  '10th_percentile': 'percentile10Missing',
  '90th_percentile': 'percentile90Missing',
}

function ruleOfMissing(path: string, name: string): RuleName | undefined {
  if (path.startsWith('/standard_charge_information')) {
    if (name === 'type' && path.endsWith('/drug_information')) return 'drugType'
    if (name === 'additional_payer_notes') return 'notesForOther'
    return missingInItem[name]
  }
  if (path.startsWith('/modifier_information'))
    return name === 'description' && shape(path).split('/').length === 3 ? 'descriptionMissing' : 'keyMissing'
  if (path === '/attestation' || path === '/affirmation') {
    if (name.startsWith('confirm_')) return 'attestationValue'
    return name === 'attester_name' ? 'headerValue' : 'attestationText'
  }
  return name === 'standard_charge_information' ? 'noRows' : 'headerMissing'
}

function ruleOfValue(path: string, message: string, dictionary: string): RuleName | undefined {
  const name =
    path
      .split('/')
      .filter(part => !/^\d+$/.test(part))
      .at(-1) ?? ''
  if (!/^\/(standard_charge|modifier)_information/.test(path)) return ruleOfHeader(path, name, message)
  if (message === branch) return isPayer(path) ? 'chargeForPayer' : 'chargeMissing'
  const ofModifier = path.startsWith('/modifier_information')
  if (/^must be (string|number|object|array|boolean)$/.test(message)) {
    if (name === 'drug_information') return 'valueTypeOf22'
    if (name === 'modifier_code') return 'valueTypeOf30'
    return ofModifier && name === 'setting' ? 'modifierSettingType' : 'valueType'
  }
  if (message === 'must NOT have fewer than 1 characters') {
    if (!/notes$|algorithm$|^modifier_code$/.test(name)) return 'valueEmpty'
    return dictionary === '3.0.0' ? 'textEmpty' : 'notesForOther'
  }
  if (message === 'must NOT have fewer than 1 items') {
    if (name === 'modifier_code' || name === 'modifier_information') return 'listEmpty'
    return name === 'code_information' ? 'codeMissing' : 'valueEmpty'
  }
  if (message === 'must be > 0') return 'number'
  if (message.startsWith('must match pattern')) return 'count'
  if (message !== 'must be equal to one of the allowed values') return undefined
  if (name === 'type') return path.endsWith('/drug_information/type') ? 'drugType' : 'codeType'
  if (name === 'methodology') return name
  return ofModifier ? 'modifierSetting' : 'setting'
}

function ruleOfHeader(path: string, name: string, message: string): RuleName | undefined {
  if (name === 'last_updated_on') return 'date'
  if (name.startsWith('confirm_')) return 'attestationValue'
  if (path === '/attestation/attestation' || path === '/affirmation/affirmation') return 'attestationText'
  if (name === 'attester_name') return 'headerValue'
  if (name === 'state') return 'state'
  if (message.startsWith('must be ')) return 'headerType'
  return 'headerValue'
}

function alertBreach({ path, message }: Told): Breach {
  if (message.startsWith('Nine 9s')) return `${rules.nineNines.id} ${path}`
  if (message.startsWith("The 'estimated amount'"))
    return `${rules.estimatedAmount.id} ${path}/estimated_amount`
  if (message.includes('version data element')) return `${rules.versionMismatch.id} ${path}`
  if (message.endsWith('value is false.')) return `${rules.attestationFalse.id} ${path}`
  throw new Error(`no rule here for the alert "${message}"`)
}
