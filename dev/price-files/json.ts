/** The JSON layout of CMS template 3.0: one element per item, its only charge, the rates of that. */
import { attestation, type Hospital } from './hospital.ts'
import type { Item, Rate } from './items.ts'
import type { Plan } from './plans.ts'

export type JsonLayout = { head: string; item(item: Item): string; separator: string; tail: string }

export function jsonLayout(hospital: Hospital, plans: Plan[]): JsonLayout {
  const { name, address, licence, state, npi, attester } = hospital
  const members = JSON.stringify({
    hospital_name: name,
    last_updated_on: '2026-04-01',
    version: '3.0.0',
    location_name: [name],
    hospital_address: [address],
    license_information: { license_number: licence, state },
    type_2_npi: [npi],
    attestation: { attestation, confirm_attestation: true, attester_name: attester },
  })
  const named = plans.map(
    ({ payer, plan }) => `{"payer_name":${JSON.stringify(payer)},"plan_name":${JSON.stringify(plan)}`,
  )
  return {
    head: `${members.slice(0, -1)},"standard_charge_information":[\n`,
    separator: ',\n',
    tail: '\n]}\n',
    item: item => element(item, named),
  }
}

function element(item: Item, named: string[]): string {
  const { description, codes, modifiers, setting, drugUnit, drugType, gross, cash, notes } = item
  const codeList = codes.map(({ code, type }) => `{"code":"${code}","type":"${type}"}`).join(',')
  const drug = drugUnit === '' ? '' : `,"drug_information":{"unit":${drugUnit},"type":"${drugType}"}`
  const modifierList = modifiers === '' ? '' : `,"modifier_code":${JSON.stringify(modifiers.split('|'))}`
  const bounds = item.minimum === '' ? '' : `,"minimum":${item.minimum},"maximum":${item.maximum}`
  const extra = notes === '' ? '' : `,"additional_generic_notes":${JSON.stringify(notes)}`
  let rates = ''
  for (const rate of item.rates)
    rates += `${rates === '' ? '' : ','}${named[rate.plan] ?? '{'}${rateMembers(rate)}}`
  const payers = rates === '' ? '' : `,"payers_information":[${rates}]`
  return `{"description":${JSON.stringify(description)},"code_information":[${codeList}]${drug},"standard_charges":[{"setting":"${setting}"${modifierList},"gross_charge":${gross},"discounted_cash":${cash}${bounds}${extra}${payers}}]}`
}

function rateMembers({
  dollar,
  percentage,
  algorithm,
  median,
  low,
  high,
  count,
  methodology,
  notes,
}: Rate): string {
  let text = ''
  if (dollar !== '') text += `,"standard_charge_dollar":${dollar}`
  if (percentage !== '') text += `,"standard_charge_percentage":${percentage}`
  if (algorithm !== '') text += `,"standard_charge_algorithm":${JSON.stringify(algorithm)}`
  if (median !== '')
    text += `,"median_amount":${median},"10th_percentile":${low},"90th_percentile":${high},"count":"${count}"`
  text += `,"methodology":"${methodology}"`
  if (notes !== '') text += `,"additional_payer_notes":${JSON.stringify(notes)}`
  return text
}
