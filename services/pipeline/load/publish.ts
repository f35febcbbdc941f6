/** Publishing: one transaction in which a file becomes the hospital's current one, or nothing changes. */
import { execute, one, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { ReadResult } from '../read/read-file.ts'
import type { Findings } from '../rules/findings.ts'
import type { ZipMember } from '../source/zip.ts'
import { addNotices } from './beside-current.ts'
import { addPlans } from './file-plans.ts'
import type { FileToLoad } from './file-record.ts'
import { hospitalOf } from './hospital-of.ts'
import { jsonText } from './json-text.ts'
import { lockHospital } from './lock-hospital.ts'
import type { Rows } from './rows.ts'
import { addComparison } from './same-prices.ts'
import { type TableName, tableNames } from './tables.ts'

export type ToPublish = {
  fileId: number
  file: FileToLoad
  read: ReadResult
  rows: Rows
  findings: Findings
  compression: string
  member: ZipMember | undefined
  /** Rows per table, as the server counted them; once they are committed. What else there is to do is done meanwhile. */
  copied: Promise<Record<TableName, number>>
}

export type Verdict = 'valid' | 'invalid'

/** Runs in the caller's transaction. */
export async function publish(db: Queryable, work: ToPublish): Promise<Verdict> {
  const { fileId, file, read, rows, findings, copied } = work
  const { hospitalId, otherName } = await hospitalOf(db, file, read.general)
  const moment = await lockHospital(db, hospitalId)
  if (otherName) findings.add('otherName', otherName)
  await addNotices(db, hospitalId, read, rows, findings)
  const summary = findings.summary(read.version)
  const verdict: Verdict = [...summary.counts.keys()].some(
    rule => rule.layer === 'cms' && rule.severity === 'error',
  )
    ? 'invalid'
    : 'valid'
  await addFindings(db, fileId, summary)
  await addPlans(db, fileId, rows)
  await matchPlans(db, fileId)
  checkCopied(rows, await copied)
  await execute(
    db,
    sql`
    update prices.files set status = 'superseded', superseded_at = ${moment}::timestamptz
    where hospital_id = ${hospitalId} and status = 'published'`,
  )
  const published = await execute(
    db,
    publishing({ ...work, hospitalId, moment, verdict, found: sum(summary.counts.values()) }),
  )
  if (published !== 1)
    throw new Error(
      `file ${fileId}: ${read.counts.seen} rows seen, ${read.counts.loaded} loaded, ${read.counts.rejected} rejected do not add up`,
    )
  await addComparison(db, fileId)
  return verdict
}

/** Who the payers of plans that were never seen before are, by the rules that core keeps. */
async function matchPlans(db: Queryable, fileId: number): Promise<void> {
  await one(
    db,
    sql`
      select core.match_plans(array(
        select fp.plan_id from prices.file_plans fp
        where fp.file_id = ${fileId} and not exists (select from core.plan_matches m where m.plan_id = fp.plan_id)))`,
  )
}

/** What was written must be what arrived. */
function checkCopied(rows: Rows, copied: Record<TableName, number>): void {
  for (const table of tableNames) {
    const written = rows.counts[table]
    const arrived = copied[table]
    if (arrived !== written)
      throw new Error(`${written} rows were written to ${table} and ${arrived} arrived`)
  }
}

type Summary = ReturnType<Findings['summary']>

async function addFindings(
  db: Queryable,
  fileId: number,
  { counts, samples, rejected }: Summary,
): Promise<void> {
  const counted = [...counts].map(([{ id, layer, severity }, count]) => ({
    rule: id,
    layer,
    severity,
    count,
  }))
  await execute(
    db,
    sql`
    insert into prices.finding_counts (file_id, rule, layer, severity, count)
    select ${fileId}, r.rule, r.layer, r.severity, r.count
    from jsonb_to_recordset(${JSON.stringify(counted)}::jsonb) as r (rule text, layer text, severity text, count bigint)`,
  )
  await execute(
    db,
    sql`
    insert into prices.findings (file_id, ordinal, rule, layer, severity, row_number, column_number, column_name, cell, value, message)
    select ${fileId}, row_number() over (), r.rule, r.layer, r.severity, r.row, r."column" + 1, r."columnName", r.cell, r.value, r.message
    from jsonb_to_recordset(${jsonText(samples)}::jsonb) as r
      (rule text, layer text, severity text, row int, "column" int, "columnName" text, cell text, value text, message text)`,
  )
  for (let from = 0; from < rejected.length; from += 10_000) {
    await execute(
      db,
      sql`
      insert into prices.rejected_rows (file_id, row_number, rule, message, byte_offset, byte_length)
      select ${fileId}, r.row, r.rule, r.message, r.offset, r.length
      from jsonb_to_recordset(${jsonText(rejected.slice(from, from + 10_000))}::jsonb) as r
        (row int, rule text, message text, "offset" bigint, length bigint)`,
    )
  }
}

type Publishing = ToPublish & { hospitalId: string; moment: string; verdict: Verdict; found: number }

/** `seen = loaded + rejected` is asked here, by the table's own check, and of the rows that say why they were rejected. */
function publishing(work: Publishing) {
  const { fileId, file, read, rows, compression, member, hospitalId, moment, verdict, found } = work
  const { general, counts } = read
  return sql`
    update prices.files set
      status = 'published', published_at = ${moment}::timestamptz, verdict = ${verdict}, hospital_id = ${hospitalId}, layout = ${read.layout},
      compression = ${compression}, member = ${member ? jsonText(member) : null}::jsonb, encoding = ${read.encoding}, template_version = ${read.version},
      declared_version = ${general.declaredVersion ?? null}, hospital_name = ${general.hospitalName ?? null},
      last_updated_on = ${general.lastUpdatedOn ?? null}, attestation = ${general.attestation ?? null},
      attester_name = ${general.attesterName ?? null}, location_names = ${general.locationNames}, addresses = ${general.addresses},
      npis = ${general.npis}, licences = ${general.licences}, financial_aid_policy = ${general.financialAidPolicy ?? null},
      general_contract_provisions = ${provisions(general.generalContractProvisions)}::jsonb, general = ${jsonText(general.all)}::jsonb,
      source_bytes = ${read.sourceBytes}, size_bytes = ${file.sizeBytes},
      rows_seen = ${counts.seen}, rows_loaded = ${counts.loaded}, rows_rejected = ${counts.rejected},
      items_count = ${rows.counts.items}, charges_count = ${rows.counts.charges}, rates_count = ${rows.counts.rates},
      modifiers_count = ${rows.counts.modifiers}, findings_count = ${found}
    where id = ${fileId} and status = 'loading' and ${counts.seen}::bigint = ${counts.loaded}::bigint + ${counts.rejected}::bigint
      and least(${counts.rejected}::bigint, 100000) = (select count(*) from prices.rejected_rows r where r.file_id = ${fileId})
      and ${rows.counts.rates}::bigint = (select coalesce(sum(p.rates_count), 0) from prices.file_plans p where p.file_id = ${fileId})`
}

function provisions(value: unknown): string | null {
  return value === undefined ? null : jsonText(value)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
