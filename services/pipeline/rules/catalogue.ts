/**
 * Every rule a price file is held against: one line a rule. The CMS layer states the requirements of 45 CFR 180.50 as
 * the CMS data dictionaries spell them (CMSgov/hospital-price-transparency, documentation/CSV and JSON, 2.x and 3.0);
 * the Glimmr layer is what those do not ask but readers of prices stumble over.
 *
 * A message says what to do; `{…}` is filled in where the rule is broken.
 */
export type Layer = 'cms' | 'glimmr'
export type Severity = 'error' | 'warning' | 'notice'
export type TemplateVersion = '1.1' | '2.1' | '2.2' | '3.0'

export type Rule = {
  readonly id: string
  readonly layer: Layer
  readonly severity: Severity
  /** The templates it belongs to; all when left out. */
  readonly from?: TemplateVersion
  readonly until?: TemplateVersion
  readonly message: string
}

const rule = (
  id: string,
  severity: Severity,
  message: string,
  span: Pick<Rule, 'from' | 'until'> = {},
): Rule => ({
  id,
  layer: id.startsWith('cms.') ? 'cms' : 'glimmr',
  severity,
  message,
  ...span,
})

const payerCharge = 'when a negotiated charge is given as a dollar amount, a percentage or an algorithm'
const from21 = { from: '2.1' } as const
const from22 = { from: '2.2' } as const
const from30 = { from: '3.0' } as const
const only22 = { from: '2.2', until: '2.2' } as const

/** By name, as the code refers to them. */
export const rules = {
  // Rows 1 and 2, or the keys of a JSON's root.
  headerMissing: rule(
    'cms.header-missing',
    'error',
    'Add the header "{name}", spelled as in the data dictionary.',
  ),
  headerRowBlank: rule('cms.header-row-blank', 'error', 'Fill rows 1 and 3: they hold the headers.'),
  headerDuplicate: rule('cms.header-duplicate', 'error', 'Keep "{name}" once in the first row.'),
  headerValue: rule('cms.header-value-missing', 'error', 'Give a value for "{name}".'),
  headerType: rule('cms.header-type', 'error', 'Encode "{name}" as {type}.'),
  date: rule('cms.date', 'error', 'Write "{name}" as YYYY-MM-DD (in CSV also M/D/YYYY).'),
  attestationValue: rule('cms.attestation-value', 'error', 'Answer the attestation with true or false.'),
  attestationText: rule(
    'cms.attestation-text',
    'error',
    'Use the sentence of the data dictionary, word for word.',
  ),
  state: rule(
    'cms.state',
    'error',
    'Put the two letters of a state or territory into license_number|[state].',
  ),
  versionMismatch: rule(
    'cms.version-mismatch',
    'warning',
    'Write {expected} into "version": that is the template the columns follow.',
  ),
  attestationFalse: rule(
    'cms.attestation-false',
    'warning',
    'The hospital says that its file is not complete and accurate.',
  ),
  // Row 3.
  columnMissing: rule('cms.column-missing', 'error', 'Add the column "{name}".'),
  columnDuplicate: rule('cms.column-duplicate', 'error', 'Keep the column "{name}" once.'),
  columnPlaceholder: rule(
    'cms.column-placeholder',
    'error',
    'Put the real name into the header "{name}".',
    from30,
  ),
  layoutUnclear: rule(
    'cms.layout-unclear',
    'error',
    'Give either the columns payer_name and plan_name (tall) or payer columns such as standard_charge|[payer]|[plan]|negotiated_dollar (wide), in row 3.',
  ),
  estimatedAmount: rule(
    'cms.estimated-amount',
    'warning',
    'Replace estimated_amount by median_amount, 10th_percentile, 90th_percentile and count.',
    from30,
  ),
  noRows: rule('cms.no-rows', 'error', 'Add at least one row: the file has headers only.'),
  // Values.
  descriptionMissing: rule('cms.description-missing', 'error', 'Describe the item or service.'),
  settingMissing: rule('cms.setting-missing', 'error', 'Give the setting: inpatient, outpatient or both.'),
  setting: rule('cms.setting', 'error', 'Use inpatient, outpatient or both.'),
  codeMissing: rule('cms.code-missing', 'error', 'Give at least one code with its type.'),
  codeWithoutType: rule('cms.code-without-type', 'error', 'Give the type of the code.'),
  typeWithoutCode: rule('cms.type-without-code', 'error', 'Give the code that this type belongs to.'),
  codeType: rule(
    'cms.code-type',
    'error',
    'Use a code type of the data dictionary, such as CPT, HCPCS, MS-DRG, NDC, RC or CDM.',
  ),
  codeTypeTooNew: rule(
    'cms.code-type-too-new',
    'error',
    'CMG and MS-LTC-DRG are code types of template 3.0 only.',
    { until: '2.2' },
  ),
  number: rule('cms.number', 'error', 'Write a number above zero, with digits and a decimal point only.'),
  count: rule('cms.count', 'error', 'Write 0, "1 through 10", or a whole number from 11.', from30),
  methodology: rule(
    'cms.methodology',
    'error',
    'Use case rate, fee schedule, percent of total billed charges, per diem or other.',
  ),
  drugUnit: rule(
    'cms.drug-unit',
    'error',
    'Give the drug unit, a number above zero, beside the drug type.',
    from22,
  ),
  drugType: rule(
    'cms.drug-type',
    'error',
    'Use a drug type of GR, ME, ML, UN, F2, EA or GM, beside the drug unit.',
    from22,
  ),
  // Conditions between values.
  payerMissing: rule('cms.payer-missing', 'error', `Name the payer ${payerCharge}.`, from21),
  planMissing: rule('cms.plan-missing', 'error', `Name the plan ${payerCharge}.`, from21),
  methodologyMissing: rule(
    'cms.methodology-missing',
    'error',
    `Give the methodology ${payerCharge}.`,
    from21,
  ),
  chargeForPayer: rule(
    'cms.charge-for-payer',
    'error',
    'Give the charge of this payer and plan: a dollar amount, a percentage or an algorithm.',
    from30,
  ),
  chargeMissing: rule(
    'cms.charge-missing',
    'error',
    'Give at least one of gross charge, discounted cash price and a negotiated charge.',
    from21,
  ),
  notesForOther: rule(
    'cms.notes-for-other',
    'error',
    'Explain the methodology "other" in the notes.',
    from21,
  ),
  minMaxMissing: rule(
    'cms.min-max-missing',
    'error',
    'Give minimum and maximum beside a negotiated dollar amount.',
    from21,
  ),
  estimateMissing: rule(
    'cms.estimated-amount-missing',
    'error',
    'Give estimated_amount where the charge is a percentage or an algorithm only.',
    only22,
  ),
  countMissing: rule(
    'cms.count-missing',
    'error',
    'Give the count of allowed amounts beside a percentage or an algorithm.',
    from30,
  ),
  medianMissing: rule(
    'cms.median-missing',
    'error',
    'Give the median beside a percentage or an algorithm, unless the count is 0.',
    from30,
  ),
  percentile10Missing: rule(
    'cms.10th-percentile-missing',
    'error',
    'Give the 10th percentile beside a percentage or an algorithm, unless the count is 0.',
    from30,
  ),
  percentile90Missing: rule(
    'cms.90th-percentile-missing',
    'error',
    'Give the 90th percentile beside a percentage or an algorithm, unless the count is 0.',
    from30,
  ),
  notesForCountZero: rule(
    'cms.notes-for-count-zero',
    'error',
    'Explain in the notes why the count of allowed amounts is 0.',
    from30,
  ),
  drugForNdc: rule('cms.drug-for-ndc', 'error', 'Give drug unit and drug type beside an NDC code.', from22),
  modifierInfo: rule(
    'cms.modifier-info',
    'error',
    'Give a modifier without an item a charge or a note.',
    from22,
  ),
  nineNines: rule('cms.nine-nines', 'warning', 'Replace 999999999 by the real amount.', from22),
  // JSON only.
  keyMissing: rule('cms.key-missing', 'error', 'Add the key "{name}".'),
  valueEmpty: rule('cms.value-empty', 'error', 'Leave out "{name}" or give it a value.'),
  valueTypeOf22: rule('cms.drug-information-type', 'error', 'Encode "{name}" as {type}.', from22),
  valueTypeOf30: rule('cms.modifier-code-type', 'error', 'Encode "{name}" as {type}.', from30),
  modifierSetting: rule(
    'cms.modifier-setting',
    'error',
    'Use inpatient, outpatient or both, or leave the setting of the modifier out.',
    from30,
  ),
  modifierSettingType: rule('cms.modifier-setting-type', 'error', 'Encode "{name}" as {type}.', from30),
  estimatedType: rule('cms.estimated-amount-type', 'error', 'Encode "{name}" as {type}.', only22),
  estimatedNumber: rule('cms.estimated-amount-number', 'error', 'Write a number above zero.', only22),
  estimatedNines: rule(
    'cms.estimated-amount-nine-nines',
    'warning',
    'Replace 999999999 by the real amount.',
    only22,
  ),
  listEmpty: rule('cms.list-empty', 'error', 'Leave out "{name}" or list something in it.', from30),
  textEmpty: rule('cms.text-empty', 'error', 'Leave out "{name}" or write a text.', from30),
  valueType: rule('cms.value-type', 'error', 'Encode "{name}" as {type}.'),

  // Ours: bytes.
  encoding: rule(
    'glimmr.encoding',
    'warning',
    'Save the file as UTF-8. This row was read as Windows-1252; its first bad byte is at offset {offset}.',
  ),
  replacement: rule(
    'glimmr.replacement-character',
    'notice',
    'A character was lost before the file was published (U+FFFD): export it as UTF-8 from the start.',
  ),
  nul: rule('glimmr.nul-byte', 'warning', 'Remove the NUL bytes from this row; they were left out.'),
  unclosedQuote: rule(
    'glimmr.unclosed-quote',
    'error',
    'Close the quote that opens in this row. The rows after it were read as rows of their own.',
  ),
  strayQuote: rule('glimmr.stray-quote', 'warning', 'Double the quotes inside a quoted cell ("" for ").'),
  rowShort: rule(
    'glimmr.row-short',
    'notice',
    'This row has fewer cells than row 3 has headers; the missing ones were read as blank.',
  ),
  rowLong: rule(
    'glimmr.row-long',
    'error',
    'This row has values beyond the last header: an unquoted comma may have moved its cells. Quote cells that hold commas.',
  ),
  trailingBytes: rule(
    'glimmr.trailing-bytes',
    'warning',
    'Remove what follows the end of the JSON document.',
  ),
  duplicateKey: rule(
    'glimmr.duplicate-key',
    'warning',
    'The key "{name}" stands twice in one object; the last value counts (both lists are read when they hold items).',
  ),
  rowUnreadable: rule('glimmr.row-unreadable', 'error', 'This row cannot be read: {reason}.'),
  // Ours: columns.
  payerColumnWithoutPlan: rule(
    'glimmr.payer-column-without-plan',
    'warning',
    'Put the plan between the payer and the element: standard_charge|[payer]|[plan]|…. The prices were loaded without a plan.',
  ),
  payerColumnParts: rule(
    'glimmr.payer-column-parts',
    'warning',
    'Write standard_charge|[payer]|[plan]|…, without a pipe in the name of payer or plan. The prices were loaded with all that follows the payer as the plan.',
  ),
  payerColumnCase: rule(
    'glimmr.payer-column-case',
    'notice',
    'Write payer and plan alike in all columns of the pair; they differ in case.',
  ),
  payerColumnsIncomplete: rule(
    'glimmr.payer-columns-incomplete',
    'notice',
    'The payer and plan have no column "{name}".',
  ),
  columnUnknown: rule(
    'glimmr.column-unknown',
    'notice',
    'The column "{name}" is no part of the template; its values are kept beside the row.',
  ),
  keyUnknown: rule(
    'glimmr.key-unknown',
    'notice',
    'The key "{name}" is no part of the template; its value is kept beside the row.',
  ),
  // Ours: values.
  numberRead: rule('glimmr.number-read', 'notice', 'Write plain digits. The value was read as {number}.'),
  numberUnreadable: rule(
    'glimmr.number-unreadable',
    'error',
    'Write a number, or leave the cell blank where nothing applies. Its text was kept beside the row.',
  ),
  noPrice: rule('glimmr.no-price', 'error', 'None of the prices of this row can be read.'),
  modifierRowSetting: rule(
    'glimmr.modifier-row-setting',
    'warning',
    'Use inpatient, outpatient or both, or leave the setting of the modifier blank.',
  ),
  payerWithoutRate: rule(
    'glimmr.payer-without-rate',
    'notice',
    'Give a dollar amount, a percentage or an algorithm, or leave the payer out. There is no rate to load; what is said of it was kept beside the charge.',
  ),
  notesWithoutRate: rule(
    'glimmr.values-without-rate',
    'notice',
    'Give a dollar amount, a percentage or an algorithm beside methodology, notes or amounts. They are no rate; amounts and notes were kept beside the item.',
  ),
  chargeDiffers: rule(
    'glimmr.charge-differs',
    'warning',
    'The rows of one item, setting and modifier differ in gross, cash, minimum or maximum; each was kept as a charge of its own.',
  ),
  minAboveMax: rule('glimmr.min-above-max', 'warning', 'The minimum is above the maximum.'),
  codesTooMany: rule(
    'glimmr.codes-too-many',
    'error',
    'An item has at most 1000 codes here; those after them were left out.',
  ),
  exactDuplicate: rule(
    'glimmr.exact-duplicate',
    'notice',
    'Leave this row out: it repeats row {row} byte for byte. Both were loaded.',
  ),
  percentageRange: rule(
    'glimmr.percentage-range',
    'warning',
    'A percentage above 1000 is rarely meant; 70.5 stands for 70.5 %.',
  ),
  npi: rule('glimmr.npi', 'warning', 'This is no NPI: its ten digits do not pass the check of their last.'),
  valueCut: rule('glimmr.name-cut', 'warning', 'This name is longer than 1000 bytes and was cut.'),
  dateOld: rule(
    'glimmr.date-old',
    'notice',
    'The file was last updated more than a year before it was loaded; CMS asks for a new one every year.',
  ),
  olderFiling: rule(
    'glimmr.older-filing',
    'notice',
    'The file states {date} and takes the place of one that states {current}. The last file published counts: check that this is the one you mean.',
  ),
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof rules

export const ruleNames: RuleName[] = Object.keys(rules).filter((name): name is RuleName => name in rules)

const order: TemplateVersion[] = ['1.1', '2.1', '2.2', '3.0']

/** Whether a rule belongs to a template. */
export function appliesTo(rule: Rule, version: TemplateVersion): boolean {
  const at = order.indexOf(version)
  return (!rule.from || at >= order.indexOf(rule.from)) && (!rule.until || at <= order.indexOf(rule.until))
}
