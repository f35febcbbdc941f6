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

/**
 * From `i` (item), `c` (charge) and `r` (rate, maybe without a row): the columns `blockers` (JSON) and `context`. Text put
 * together by CASE, since a set of rows to aggregate from takes five times as long, and it stands in every price.
 */
export const comparability: Sql = sql`
  select ('[' || concat_ws(',',
      case when r.id is null then '{"reason":"no_rate","detail":"no payer: gross and cash of the hospital"}' end,
      case when r.negotiated_dollar is null and r.negotiated_percentage is not null
        then '{"reason":"percentage","detail":"' || trim_scale(r.negotiated_percentage) || ' % and no dollar amount"}' end,
      case when r.negotiated_dollar is null and r.negotiated_percentage is null and r.algorithm_id is not null
        then '{"reason":"algorithm","detail":"a formula and no dollar amount"}' end,
      case when r.negotiated_dollar <= 0.01 or r.negotiated_dollar >= 99999999
        then '{"reason":"placeholder","detail":"an amount that stands for none"}' end,
      case lower(r.methodology)
        when 'per diem' then '{"reason":"per_diem","detail":"for a day, not for the service"}'
        when 'other' then '{"reason":"methodology","detail":"by a methodology that only the notes explain"}' end,
      case when cardinality(c.modifiers) > 0 then '{"reason":"modifiers","detail":'
        || to_json('for a part or variant of the service: ' || array_to_string(c.modifiers, ', ')) || '}' end,
      case when c.setting is null
        then '{"reason":"no_setting","detail":"whether inpatient or outpatient is not said"}' end,
      case when i.drug_unit <> 1 then '{"reason":"drug_unit","detail":'
        || to_json('for ' || trim_scale(i.drug_unit) || coalesce(' ' || i.drug_type, '')) || '}' end,
      case when not exists (
          select from prices.item_codes k where k.item_id = i.id and upper(k.code_type) not in ('CDM', 'LOCAL'))
        then '{"reason":"own_code","detail":"no code but the hospital''s own"}' end
    ) || ']')::json as blockers,
    coalesce(lower(c.setting), '-') || ' ' || coalesce(lower(c.billing_class), '-') || ' '
      || case when cardinality(c.modifiers) > 0
        then array_to_string(array(select distinct upper(m) from unnest(c.modifiers) m order by 1), '+') else '-' end || ' '
      || coalesce(trim_scale(i.drug_unit) || upper(coalesce(i.drug_type, '')), '-') as context`
