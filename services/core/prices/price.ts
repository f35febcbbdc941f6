/** A price as the API shows it: one schema for the document, one statement for the JSON. */
import { payerClasses, planTypes } from '@glimmr/lib/price-query'
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { comparability, comparabilitySchema } from './comparability.ts'
import { rateOf } from './rate.ts'

const amount = z.number().nullable()
const text = z.string().nullable()

export const priceSchema = z
  .object({
    id: z.string().describe('For GET /v1/core/prices/{id}: the charge and, where a payer is named, the rate'),
    item_id: z.number().int(),
    charge_id: z.number().int(),
    rate_id: z.number().int().nullable().describe('null for a charge without any payer'),
    description: z.string().describe("The hospital's own words"),
    codes: z
      .array(z.object({ code: z.string(), type: z.string() }))
      .describe('All codes of the item, as published'),
    setting: text.describe('inpatient, outpatient or both'),
    billing_class: text.describe('professional, facility or both'),
    modifiers: z.array(z.string()),
    drug_unit: amount,
    drug_type: text,
    gross: amount.describe('US dollars, as all amounts; with the digits that were published'),
    discounted_cash: amount,
    minimum: amount.describe('Lowest negotiated dollar of all payers, as published'),
    maximum: amount,
    payer: text.describe('As published; null for a charge without any payer'),
    payer_id: z.number().int().nullable(),
    plan: text,
    plan_id: z.number().int().nullable(),
    canonical_payer: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .describe('Who that is, by the rules of /v1/core/payer-rules; null: not known'),
    payer_class: z.enum(payerClasses).nullable(),
    plan_type: z.enum(planTypes).nullable(),
    negotiated_dollar: amount,
    negotiated_percentage: amount.describe('70.5 is 70.5 % of the gross charge'),
    algorithm: text,
    methodology: text,
    estimated_amount: amount.describe('Templates 2.x'),
    median: amount.describe(
      'Allowed amounts, templates 3.x: median, 10th and 90th percentile, and of how many claims',
    ),
    p10: amount,
    p90: amount,
    count: text.describe('`0`, `1 through 10`, or a number from 11'),
    notes: text.describe('Of the charge'),
    payer_notes: text.describe('Of this payer'),
    ...comparabilitySchema,
    hospital: z.object({ id: z.uuid(), name: z.string(), state: text }),
    file: z.object({
      id: z.number().int(),
      filename: z.string(),
      sha256: z.string(),
      row: z.number().int().describe("CSV: the spreadsheet's row; JSON: the element's number"),
      last_updated_on: z.iso.date().nullable().describe('What the hospital states in the file'),
      published_at: z.iso
        .datetime({ offset: true })
        .describe('When Glimmr published it: the last time, or the last before `as_of`'),
    }),
  })
  .meta({ id: 'Price' })

/** Where a price stands: in the order of files, of their items and charges. `rate_id` is null for a charge without any payer. */
export type PriceKey = { file_id: number; item_id: string; charge_id: string; rate_id: string | null }

/**
 * The prices at `keys` (a query with the columns of PriceKey, of published files only, and published_at: when they became
 * current, for the first time or again), in the order of their keys.
 * Postgres writes the JSON: a numeric becomes the digits that were published, 12.50 stays 12.50.
 */
export function pricesAt(keys: Sql): Sql {
  return sql`
    select k.file_id, k.item_id, k.charge_id, k.rate_id, row_to_json(p)::text as json
    from (${keys}) k
    cross join lateral (
      select k.charge_id || '-' || coalesce(k.rate_id, 0) as id, k.item_id, k.charge_id, k.rate_id, i.description,
        array(
          select json_build_object('code', ic.code, 'type', ic.code_type)
          from prices.item_codes ic where ic.item_id = k.item_id order by ic.ordinal
        ) as codes,
        c.setting, c.billing_class, coalesce(c.modifiers, '{}') as modifiers, i.drug_unit, i.drug_type,
        c.gross, c.discounted_cash, c.minimum, c.maximum,
        payer.name as payer, plan.payer_id, plan.name as plan, r.plan_id,
        case when known.slug is not null then json_build_object('id', known.slug, 'name', known.name) end as canonical_payer,
        match.payer_class, match.plan_type,
        r.negotiated_dollar, r.negotiated_percentage,
        (select t.body from prices.texts t where t.id = r.algorithm_id) as algorithm, r.methodology,
        r.estimated_amount, r.median_amount as median, r.percentile_10th as p10, r.percentile_90th as p90, r.count,
        (select t.body from prices.texts t where t.id = c.notes_id) as notes,
        (select t.body from prices.texts t where t.id = r.notes_id) as payer_notes,
        json_array_length(compared.blockers) = 0 as comparable, compared.blockers, compared.context,
        json_build_object('id', h.id, 'name', h.name, 'state', h.state) as hospital,
        json_build_object(
          'id', f.id, 'filename', f.filename, 'sha256', f.sha256, 'row', coalesce(r.row_number, c.row_number),
          'last_updated_on', f.last_updated_on, 'published_at', k.published_at
        ) as file
      from prices.items i
      join prices.charges c on c.id = k.charge_id
      join prices.files f on f.id = k.file_id
      join core.hospitals h on h.id = f.hospital_id
      left join lateral (${rateOf(sql`k.charge_id`, sql`k.rate_id`)}) r on true
      left join prices.plans plan on plan.id = r.plan_id
      left join prices.payers payer on payer.id = plan.payer_id
      left join core.plan_matches match on match.plan_id = r.plan_id
      left join core.canonical_payers known on known.slug = match.canonical_payer
      cross join lateral (${comparability}) compared
      where i.id = k.item_id
    ) p
    order by k.file_id, k.item_id, k.charge_id, k.rate_id`
}
