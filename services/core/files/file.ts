/** A price file as the API shows it: short in lists, whole on its own. */
import { empty, id, type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { publicationOn } from '../history/as-of.ts'

export const fileStatuses = ['loading', 'published', 'superseded', 'rejected', 'failed'] as const
export const layouts = ['tall', 'wide', 'json'] as const

const count = z.number().int()
const text = z.string().nullable()
const time = z.iso.datetime({ offset: true }).nullable()

export const fileSchema = z
  .object({
    id: z.number().int(),
    hospital_id: z.uuid().nullable(),
    hospital_name: text.describe('As the file states it'),
    filename: z.string(),
    sha256: z.string().describe('Of the stored object'),
    size_bytes: count,
    status: z.enum(fileStatuses),
    verdict: text.describe('valid, invalid or rejected'),
    layout: z.enum(layouts).nullable(),
    template_version: text.describe('Recognised from the columns or keys'),
    last_updated_on: z.iso.date().nullable(),
    rows_seen: count.describe('= rows_loaded + rows_rejected once it is published'),
    rows_loaded: count,
    rows_rejected: count,
    items_count: count,
    charges_count: count,
    rates_count: count,
    modifiers_count: count,
    findings_count: count,
    created_at: time,
    published_at: time,
    superseded_at: time,
    same_prices_as: count
      .nullable()
      .describe('The earlier file of the hospital that holds the same prices, in whatever order of rows'),
  })
  .meta({ id: 'File' })

export const wholeFileSchema = fileSchema
  .extend({
    source_bytes: count.nullable().describe('Decompressed'),
    compression: text,
    encoding: text,
    declared_version: text.describe('What the version cell says'),
    attestation: z.boolean().nullable(),
    attester_name: text,
    location_names: z.array(z.string()),
    addresses: z.array(z.string()),
    npis: z.array(z.string()),
    licences: z.array(z.string()),
    financial_aid_policy: text,
    general_contract_provisions: z.unknown(),
    general: z.record(z.string(), z.unknown()).describe('Every general header and its value, as published'),
    findings: z
      .array(z.object({ rule: z.string(), layer: z.string(), severity: z.string(), count }))
      .describe('Counted in full by rule; /findings shows samples'),
  })
  .meta({ id: 'WholeFile' })

/** When it was current: of the file (`f`), or of one of its publications (`p`). */
const columns = (
  dates: 'f' | 'p',
) => sql`f.id, f.hospital_id, f.hospital_name, f.filename, f.sha256, f.size_bytes, f.status, f.verdict, f.layout,
  f.template_version, f.last_updated_on, f.rows_seen, f.rows_loaded, f.rows_rejected, f.items_count, f.charges_count,
  f.rates_count, f.modifiers_count, f.findings_count, f.created_at, ${id(dates, 'published_at')}, ${id(dates, 'superseded_at')}, f.same_prices_as`

/** Published files are for everyone; the own organisation's in any status. */
export function visible(organisation: string): Sql {
  return sql`(f.status = 'published' or f.organisation_id = ${organisation})`
}

/** What was once published stays readable: it was for everyone. */
export function readable(organisation: string): Sql {
  return sql`(f.status in ('published', 'superseded') or f.organisation_id = ${organisation})`
}

export type Listed = { where: Sql; limit: number; asOf: string | undefined }

/** Files in the order of their ids, newest first: with `asOf`, those that were current then, with the dates of that time. */
export function files({ where, limit, asOf }: Listed): Sql {
  const publication = asOf === undefined ? empty : sql`cross join lateral (${publicationOn(asOf)}) p`
  return sql`
    select f.id, row_to_json(shown)::text as json
    from prices.files f ${publication}
    cross join lateral (select ${columns(asOf === undefined ? 'f' : 'p')}) shown
    where ${where} order by f.id desc limit ${limit}`
}

export function wholeFile(where: Sql): Sql {
  return sql`
    select row_to_json(shown)::text as json
    from prices.files f cross join lateral (
      select ${columns('f')}, f.source_bytes, f.compression, f.encoding, f.declared_version, f.attestation, f.attester_name,
        f.location_names, f.addresses, f.npis, f.licences, f.financial_aid_policy, f.general_contract_provisions, f.general,
        coalesce(
          (select json_agg(json_build_object('rule', n.rule, 'layer', n.layer, 'severity', n.severity, 'count', n.count)
             order by n.count desc, n.rule)
           from prices.finding_counts n where n.file_id = f.id), '[]') as findings
    ) shown
    where ${where}`
}
