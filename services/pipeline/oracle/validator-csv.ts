/** Errors and alerts of the validator's CSV side → our rules. It has a class for each kind; values are told by column. */

import { columnKey } from '../layout/csv-column-names.ts'
import type { RuleName } from '../rules/catalogue.ts'
import { rules } from '../rules/catalogue.ts'
import type { Told } from './validator.ts'
import type { Breach } from './verdict.ts'
import { rowOf } from './verdict.ts'

const byClass: Record<string, RuleName> = {
  HeaderColumnMissingError: 'headerMissing',
  DuplicateHeaderColumnError: 'headerDuplicate',
  InvalidStateCodeError: 'state',
  InvalidDateError: 'date',
  HeaderBlankError: 'headerRowBlank',
  ColumnMissingError: 'columnMissing',
  DuplicateColumnError: 'columnDuplicate',
  PlaceholderError: 'columnPlaceholder',
  AmbiguousFormatError: 'layoutUnclear',
  MinRowsError: 'noRows',
  InvalidPositiveNumberError: 'number',
  InvalidCountNumberError: 'count',
  CodePairMissingError: 'codeMissing',
  OtherMethodologyNotesError: 'notesForOther',
  ItemRequiresChargeError: 'chargeMissing',
  DollarNeedsMinMaxError: 'minMaxMissing',
  DrugInformationRequiredError: 'drugForNdc',
  ModifierMissingInfoError: 'modifierInfo',
  PercentageAlgorithmEstimateError: 'estimateMissing',
  PercentageAlgorithmCountError: 'countMissing',
  PercentageAlgorithmMedianError: 'medianMissing',
  PercentageAlgorithm10thError: 'percentile10Missing',
  PercentageAlgorithm90thError: 'percentile90Missing',
  AllowedCountZeroNotesError: 'notesForCountZero',
  ChargeWithPayerPlanError: 'chargeForPayer',
  CsvNineNinesAlert: 'nineNines',
  EstimatedAmountAlert: 'estimatedAmount',
  CsvVersionMismatchAlert: 'versionMismatch',
  CsvFalseAffirmationAlert: 'attestationFalse',
  CsvFalseAttestationAlert: 'attestationFalse',
}

const requiredByColumn: Record<string, RuleName> = {
  description: 'descriptionMissing',
  setting: 'settingMissing',
  payer_name: 'payerMissing',
  plan_name: 'planMissing',
  methodology: 'methodologyMissing',
  drug_unit_of_measurement: 'drugUnit',
  drug_type_of_measurement: 'drugType',
}

const allowedByColumn: Record<string, RuleName> = {
  setting: 'setting',
  methodology: 'methodology',
  drug_type_of_measurement: 'drugType',
}

export function csvBreach(told: Told): Breach {
  const { path } = told
  const kind = told.constructor.name
  const column = 'columnName' in told && typeof told.columnName === 'string' ? columnKey(told.columnName) : ''
  const name = ruleName(kind, column, path)
  if (!name) throw new Error(`no rule here for ${kind} at ${path} (${column}): ${told.message}`)
  return `${rules[name].id} ${path}`
}

function ruleName(kind: string, column: string, path: string): RuleName | undefined {
  if (kind !== 'RequiredValueError' && kind !== 'AllowedValuesError') return byClass[kind]
  const required = kind === 'RequiredValueError'
  if (rowOf(path) === 2) return required ? 'headerValue' : 'attestationValue'
  const parts = column.split('|')
  if (parts[0] === 'code')
    return required ? (parts.length === 3 ? 'codeWithoutType' : 'typeWithoutCode') : 'codeType'
  const last = parts.at(-1) ?? ''
  return required ? requiredByColumn[last] : allowedByColumn[last]
}
