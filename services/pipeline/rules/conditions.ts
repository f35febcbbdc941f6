/**
 * The conditional rules of the data dictionary ("CSV/JSON data dictionary, conditional requirements"), as a table over
 * what a row has. A row is a set of flags; which rules a set breaks is worked out once and remembered, because a file of
 * a million rows has some dozens of different sets.
 */
import type { RuleName, TemplateVersion } from './catalogue.ts'
import { appliesTo, rules } from './catalogue.ts'

export const has = {
  dollar: 1 << 0,
  percentage: 1 << 1,
  algorithm: 1 << 2,
  payer: 1 << 3,
  plan: 1 << 4,
  methodology: 1 << 5,
  methodologyOther: 1 << 6,
  gross: 1 << 7,
  cash: 1 << 8,
  minimum: 1 << 9,
  maximum: 1 << 10,
  /** A code or a code type, in any pair. */
  code: 1 << 11,
  ndc: 1 << 12,
  drugUnit: 1 << 13,
  drugType: 1 << 14,
  count: 1 << 15,
  countZero: 1 << 16,
  median: 1 << 17,
  percentile10: 1 << 18,
  percentile90: 1 << 19,
  estimated: 1 << 20,
  notes: 1 << 21,
  modifiers: 1 << 22,
  description: 1 << 23,
  setting: 1 << 24,
  /** A modifier without a code: an adjustment, not an item (2.2 on). */
  modifierRow: 1 << 25,
} as const

/** What a broken rule is reported at: the first of these that is absent from the row, or the only one. */
export type Field =
  | 'description'
  | 'setting'
  | 'payer'
  | 'plan'
  | 'methodology'
  | 'gross'
  | 'minimum'
  | 'maximum'
  | 'notes'
  | 'estimated'
  | 'count'
  | 'median'
  | 'percentile10'
  | 'percentile90'
  | 'drugUnit'
  | 'drugType'
  | 'row'

type Condition = {
  rule: RuleName
  /** Of the item and its charge, or of one payer's rate. */
  scope: 'row' | 'rate'
  /** All of these … */
  all?: number
  /** … and one of these … */
  any?: number
  /** … and none of these … */
  none?: number
  /** … ask for all of these … */
  needs?: number
  /** … or for one of these. */
  needsAny?: number
  field: Field
  /** Asked of this layout alone; `csv` is tall and wide. */
  only?: 'csv' | 'json'
}

const { dollar, percentage, algorithm, modifierRow: adjustment } = has
const charge = dollar | percentage | algorithm
const derived = percentage | algorithm

export const conditions: readonly Condition[] = [
  { rule: 'descriptionMissing', scope: 'row', needs: has.description, field: 'description' },
  { rule: 'settingMissing', scope: 'row', none: adjustment, needs: has.setting, field: 'setting' },
  { rule: 'codeMissing', scope: 'row', none: adjustment, needs: has.code, field: 'row' },
  {
    rule: 'chargeMissing',
    scope: 'row',
    none: adjustment,
    needsAny: has.gross | has.cash | charge,
    field: 'gross',
  },
  {
    rule: 'minMaxMissing',
    scope: 'row',
    none: adjustment | has.minimum,
    all: dollar,
    needs: has.minimum,
    field: 'minimum',
  },
  {
    rule: 'minMaxMissing',
    scope: 'row',
    none: adjustment,
    all: dollar | has.minimum,
    needs: has.maximum,
    field: 'maximum',
  },
  { rule: 'drugForNdc', scope: 'row', all: has.ndc, needs: has.drugUnit, field: 'drugUnit' },
  { rule: 'drugForNdc', scope: 'row', all: has.ndc | has.drugUnit, needs: has.drugType, field: 'drugType' },
  { rule: 'drugUnit', scope: 'row', all: has.drugType, needs: has.drugUnit, field: 'drugUnit' },
  { rule: 'drugType', scope: 'row', all: has.drugUnit, needs: has.drugType, field: 'drugType' },
  { rule: 'modifierInfo', scope: 'row', all: adjustment, needsAny: charge | has.notes, field: 'notes' },
  // The schema asks them of each entry of payers_information, with a charge or without.
  { rule: 'payerMissing', scope: 'rate', needs: has.payer, field: 'payer', only: 'json' },
  { rule: 'planMissing', scope: 'rate', needs: has.plan, field: 'plan', only: 'json' },
  { rule: 'methodologyMissing', scope: 'rate', needs: has.methodology, field: 'methodology', only: 'json' },
  { rule: 'chargeForPayer', scope: 'rate', needsAny: charge, field: 'payer', only: 'json' },
  {
    rule: 'payerMissing',
    scope: 'rate',
    none: adjustment,
    any: charge,
    needs: has.payer,
    field: 'payer',
    only: 'csv',
  },
  {
    rule: 'planMissing',
    scope: 'rate',
    none: adjustment,
    any: charge,
    needs: has.plan,
    field: 'plan',
    only: 'csv',
  },
  {
    rule: 'methodologyMissing',
    scope: 'rate',
    none: adjustment,
    any: charge,
    needs: has.methodology,
    field: 'methodology',
    only: 'csv',
  },
  {
    rule: 'chargeForPayer',
    scope: 'rate',
    none: adjustment,
    all: has.payer | has.plan,
    needsAny: charge,
    field: 'payer',
    only: 'csv',
  },
  {
    rule: 'notesForOther',
    scope: 'rate',
    none: adjustment,
    all: has.methodologyOther,
    needs: has.notes,
    field: 'notes',
  },
  {
    rule: 'estimateMissing',
    scope: 'rate',
    none: adjustment | dollar,
    any: derived,
    needs: has.estimated,
    field: 'estimated',
  },
  { rule: 'countMissing', scope: 'rate', none: adjustment, any: derived, needs: has.count, field: 'count' },
  {
    rule: 'medianMissing',
    scope: 'rate',
    none: adjustment | has.countZero,
    any: derived,
    needs: has.median,
    field: 'median',
  },
  {
    rule: 'percentile10Missing',
    scope: 'rate',
    none: adjustment | has.countZero,
    any: derived,
    needs: has.percentile10,
    field: 'percentile10',
  },
  {
    rule: 'percentile90Missing',
    scope: 'rate',
    none: adjustment | has.countZero,
    any: derived,
    needs: has.percentile90,
    field: 'percentile90',
  },
  {
    rule: 'notesForCountZero',
    scope: 'rate',
    none: adjustment,
    all: has.countZero,
    needs: has.notes,
    field: 'notes',
  },
]

export type Broken = { rule: RuleName; field: Field }

function breaks(flags: number, { all = 0, any = 0, none = 0, needs = 0, needsAny = 0 }: Condition): boolean {
  if ((flags & all) !== all || (flags & none) !== 0 || (any !== 0 && (flags & any) === 0)) return false
  return (flags & needs) !== needs || (needsAny !== 0 && (flags & needsAny) === 0)
}

export type ConditionOptions = {
  /** Undefined asks for the rules of all templates. */
  version: TemplateVersion | undefined
  scopes: readonly Condition['scope'][]
  without?: readonly RuleName[]
  layout?: 'csv' | 'json'
}

/** What a set of flags breaks under a template. */
export function createConditions({
  version,
  scopes,
  without = [],
  layout = 'csv',
}: ConditionOptions): (flags: number) => readonly Broken[] {
  const mine = conditions.filter(
    ({ rule, scope, only = layout }) =>
      only === layout &&
      scopes.includes(scope) &&
      !without.includes(rule) &&
      (version === undefined || appliesTo(rules[rule], version)),
  )
  const known = new Map<number, readonly Broken[]>()
  return flags => {
    let broken = known.get(flags)
    if (!broken) {
      broken = mine.filter(condition => breaks(flags, condition)).map(({ rule, field }) => ({ rule, field }))
      known.set(flags, broken)
    }
    return broken
  }
}
