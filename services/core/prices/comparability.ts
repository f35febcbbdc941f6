/**
 * What keeps a price from being compared with others of its code, said in SQL beside the price itself. Of 79 million
 * published prices of one city a sixth could be compared at all; the rest are percentages, formulas, parts of a service.
 * Two prices of a code without blockers mean the same when their `context` is equal.
 */
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

const reasons = [
  'no_rate',
  'percentage',
  'algorithm',
  'placeholder',
  'per_diem',
  'methodology',
  'modifiers',
  'no_setting',
  'drug_unit',
  'own_code',
] as const

export const comparabilitySchema = {
  comparable: z
    .boolean()
    .describe('No blockers: it can be compared with prices of its code and of equal `context`'),
  blockers: z
    .array(z.object({ reason: z.enum(reasons), detail: z.string() }))
    .describe('Why it cannot be compared as it stands'),
  context: z
    .string()
    .describe(
      'Setting, billing class, set of modifiers, drug unit: prices of a code with equal contexts mean the same',
    ),
}

/** From `i` (item), `c` (charge) and `r` (rate, maybe without a row): the columns `blockers` and `context`. */
export const comparability: Sql = sql`
  select coalesce((select json_agg(json_build_object('reason', b.reason, 'detail', b.detail) order by b.ordinal)
      from (values
        (1, 'no_rate', 'no payer: gross and cash of the hospital', r.id is null),
        (2, 'percentage', trim_scale(r.negotiated_percentage) || ' % and no dollar amount',
          r.negotiated_dollar is null and r.negotiated_percentage is not null),
        (3, 'algorithm', 'a formula and no dollar amount',
          r.negotiated_dollar is null and r.negotiated_percentage is null and r.algorithm_id is not null),
        (4, 'placeholder', 'an amount that stands for none',
          r.negotiated_dollar <= 0.01 or r.negotiated_dollar >= 99999999),
        (5, 'per_diem', 'for a day, not for the service', lower(r.methodology) = 'per diem'),
        (6, 'methodology', 'by a methodology that only the notes explain', lower(r.methodology) = 'other'),
        (7, 'modifiers', 'for a part or variant of the service: ' || array_to_string(c.modifiers, ', '),
          cardinality(c.modifiers) > 0),
        (8, 'no_setting', 'whether inpatient or outpatient is not said', c.setting is null),
        (9, 'drug_unit', 'for ' || trim_scale(i.drug_unit) || coalesce(' ' || i.drug_type, ''), i.drug_unit <> 1),
        (10, 'own_code', 'no code but the hospital''s own', not exists (
          select from prices.item_codes k where k.item_id = i.id and upper(k.code_type) not in ('CDM', 'LOCAL')))
      ) as b (ordinal, reason, detail, holds)
      where b.holds), '[]') as blockers,
    concat_ws(' ', coalesce(lower(c.setting), '-'), coalesce(lower(c.billing_class), '-'),
      coalesce(nullif(array_to_string(array(select distinct upper(m) from unnest(c.modifiers) m order by 1), '+'), ''), '-'),
      coalesce(trim_scale(i.drug_unit) || upper(coalesce(i.drug_type, '')), '-')) as context`
