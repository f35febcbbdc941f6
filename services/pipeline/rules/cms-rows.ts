/** What CMS asks of the rows: of single values, and of values beside each other. */
import { from21, from22, from30, only22, type Rule, rule } from './rule.ts'

const payerCharge = 'when a negotiated charge is given as a dollar amount, a percentage or an algorithm'

export const rowRules = {
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
    'Use a code type of template 2, or move to template 3.0, which adds CMG and MS-LTC-DRG.',
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
} as const satisfies Record<string, Rule>
