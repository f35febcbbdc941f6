/** What CMS does not ask and readers of prices stumble over. */
import { type Rule, rule } from './rule.ts'

export const ourRules = {
  // Bytes.
  encoding: rule(
    'glimmr.encoding',
    'warning',
    'Save the file as UTF-8. This row was read as Windows-1252; its first bad byte is at offset {offset}.',
  ),
  replacement: rule(
    'glimmr.replacement-character',
    'notice',
    'Export the file as UTF-8 from the start: a character was lost before it was published (U+FFFD).',
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
    'Give this row a cell for every header of row 3; the missing ones were read as blank.',
  ),
  rowLong: rule(
    'glimmr.row-long',
    'error',
    'Quote cells that hold commas: this row has values beyond the last header, so its cells may have moved. It was not loaded.',
  ),
  generalShifted: rule(
    'glimmr.general-shifted',
    'warning',
    'Quote cells that hold commas: row 2 has values beyond the last header of row 1, so they may stand under headers that are not theirs. They were kept as they stand.',
  ),
  trailingBytes: rule(
    'glimmr.trailing-bytes',
    'warning',
    'Remove what follows the end of the JSON document.',
  ),
  duplicateKey: rule(
    'glimmr.duplicate-key',
    'warning',
    'Keep the key "{name}" once in an object; the last value counts (both lists are read when they hold items).',
  ),
  rowUnreadable: rule('glimmr.row-unreadable', 'error', 'Correct this row, which was not loaded: {reason}.'),
  // Columns.
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
    'Add the column "{name}" of this payer and plan.',
  ),
  columnUnknown: rule(
    'glimmr.column-unknown',
    'notice',
    'Check the spelling of the column "{name}", which is no part of the template; its values are kept beside the row.',
  ),
  keyUnknown: rule(
    'glimmr.key-unknown',
    'notice',
    'Check the spelling of the key "{name}", which is no part of the template; its value is kept beside the row.',
  ),
  // Values.
  numberRead: rule('glimmr.number-read', 'notice', 'Write plain digits. The value was read as {number}.'),
  numberUnreadable: rule(
    'glimmr.number-unreadable',
    'error',
    'Write a number, or leave the cell blank where nothing applies. Its text was kept beside the row.',
  ),
  noPrice: rule(
    'glimmr.no-price',
    'error',
    'Write at least one price of this row as a number: none can be read, so it was not loaded.',
  ),
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
    'Give all rows of one item, setting and modifier the same gross, cash, minimum and maximum; they differ, and each was kept as a charge of its own.',
  ),
  minAboveMax: rule('glimmr.min-above-max', 'warning', 'Give a minimum that is not above the maximum.'),
  codesTooMany: rule(
    'glimmr.codes-too-many',
    'error',
    'Give an item at most 1000 codes; those after them were left out.',
  ),
  exactDuplicate: rule(
    'glimmr.exact-duplicate',
    'notice',
    'Leave this row out: it repeats row {row} byte for byte. Both were loaded.',
  ),
  percentageRange: rule(
    'glimmr.percentage-range',
    'warning',
    'Check this percentage: above 1000 is rarely meant, and 70.5 stands for 70.5 %.',
  ),
  npi: rule('glimmr.npi', 'warning', 'Correct this NPI: its ten digits do not pass the check of their last.'),
  valueCut: rule('glimmr.name-cut', 'warning', 'Shorten this name: beyond 1000 bytes it was cut.'),
  dateOld: rule(
    'glimmr.date-old',
    'notice',
    'Publish a new file every year, as CMS asks; this one was last updated more than a year before it was loaded.',
  ),
  otherName: rule(
    'glimmr.other-hospital-name',
    'notice',
    'Check that this is the right hospital: the file names {named}, and was published as {hospital}. If they are two, upload it again and choose its hospital.',
  ),
  fewerPrices: rule(
    'glimmr.fewer-prices',
    'warning',
    'Check that the file is whole: it holds {prices} charges and rates, and the one whose place it takes {current}. If it was cut, upload the former one again, or the whole one.',
  ),
  olderFiling: rule(
    'glimmr.older-filing',
    'notice',
    'Check that this is the file you mean: it states {date} and takes the place of one that states {current}. The last file published counts.',
  ),
} as const satisfies Record<string, Rule>
