/** Which two filings of a hospital are meant. */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { type Problem, problem } from '@glimmr/lib/errors'
import { sql } from '@glimmr/lib/sql'

export type Files = { from: number; to: number }

/** The two files, each once published for the hospital; the current one and its predecessor where they are not named. */
export async function filesOf(
  pool: Pool,
  hospital: string,
  { from, to }: { from?: number | undefined; to?: number | undefined },
): Promise<Files> {
  const later = await publishedFile(pool, hospital, to ?? null, null)
  if (later === undefined) throw notPublished(hospital, to, 'No file was ever published')
  const earlier = await publishedFile(pool, hospital, from ?? null, later)
  if (earlier === undefined) throw notPublished(hospital, from, 'There is no file before it')
  return { from: earlier, to: later }
}

/** `file` itself, if it was published; else the last one, or the last before that of `before`. */
async function publishedFile(
  pool: Pool,
  hospital: string,
  file: number | null,
  before: number | null,
): Promise<number | undefined> {
  const [found] = await preparedRows<{ file_id: number }>(
    pool,
    sql`
      select p.file_id from prices.publications p
      where p.hospital_id = ${hospital} and (${file}::int is null or p.file_id = ${file}::int)
        and (${file}::int is not null or ${before}::int is null or p.file_id <> ${before}::int and p.id < (
          select max(l.id) from prices.publications l where l.hospital_id = ${hospital} and l.file_id = ${before}::int))
      order by p.id desc limit 1`,
  )
  return found?.file_id
}

function notPublished(hospital: string, file: number | undefined, unnamed: string): Problem {
  const what = file === undefined ? unnamed : `File ${file} was never published`
  return problem(404, `${what} for this hospital: see /v1/core/hospitals/${hospital}/publications`)
}
