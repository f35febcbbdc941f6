/** Loads a file for tests of what is stored afterwards: as an organisation of its own, or as the one given. */
import { createHash, randomUUID } from 'node:crypto'
import type { TestDatabase } from '@glimmr/dev/testing'
import { execute, one, rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { openKernel } from './kernel/kernel.ts'
import { type LoadOptions, type LoadResult, loadFile } from './load/load-file.ts'
import type { Source } from './source/source.ts'
import { anItem, bufferSource, csv } from './test-files.ts'

export async function addOrganisation(db: TestDatabase): Promise<string> {
  const id = randomUUID()
  await execute(db.pool, sql`insert into core.organisations (id, name) values (${id}, ${id})`)
  return id
}

export type LoadForTest = {
  organisationId: string
  hospitalId?: string
  uploadId?: string | null
  source?: Source
  signal?: AbortSignal
}

export function load(
  db: TestDatabase,
  bytes: Buffer | string,
  { organisationId, hospitalId, uploadId = null, source, signal }: LoadForTest,
): Promise<LoadResult> {
  const content = Buffer.from(bytes)
  const file: LoadOptions['file'] = {
    organisationId,
    hospitalId: hospitalId ?? null,
    uploadId,
    filename: 'test.csv',
    objectKey: uploadId && `object of ${uploadId}`,
    traceparent: null,
    sha256: createHash('sha256').update(content).digest('hex'),
  }
  return loadFile({
    url: db.urlFor('glimmr_pipeline'),
    file,
    source: source ?? bufferSource(content),
    signal: signal ?? new AbortController().signal,
    kernel: openKernel(),
    now: new Date('2026-05-01'),
  })
}

/** By a new organisation. Returns the file's id; throws unless it was published. */
export async function published(db: TestDatabase, content: Buffer | string): Promise<number> {
  const result = await load(db, content, { organisationId: await addOrganisation(db) })
  if (result.outcome !== 'published') throw new Error(`the file was ${result.outcome}`)
  return result.fileId
}

/** What everybody sees: rates of published files. */
export const visible = (db: TestDatabase) =>
  select<{ organisation_id: string; dollar: string; payer: string; plan: string | null }>(
    db.pool,
    sql`
    select f.organisation_id, r.negotiated_dollar::text as dollar, p.name as payer, l.name as plan
    from prices.rates r join prices.files f on f.id = r.file_id and f.status = 'published'
    join prices.payers p on p.id = r.payer_id join prices.plans l on l.id = r.plan_id order by r.id`,
  )

export const counts = (db: TestDatabase) =>
  one<{ items: string; charges: string; rates: string; codes: string; texts: string }>(
    db.pool,
    sql`
    select (select count(*) from prices.items)::text as items, (select count(*) from prices.charges)::text as charges,
      (select count(*) from prices.rates)::text as rates, (select count(*) from prices.item_codes)::text as codes,
      (select count(*) from prices.texts)::text as texts`,
  )

/** As many items, in fifty plans. */
export const many = (count: number, more = {}) =>
  csv(
    Array.from({ length: count }, (_, at) => ({
      ...anItem,
      ...more,
      description: `Item ${at}`,
      plan_name: `Plan ${at % 50}`,
    })),
  )
