/**
 * The files that a search goes through: the current one of each hospital. A walk over many pages goes through those that
 * were current at its first page, whatever is published meanwhile: its cursor carries the newest publication that the first
 * page saw, and publications become visible in the order of their ids (db/migrations/0023).
 */
import { empty, type Sql, sql } from '@glimmr/lib/sql'
import { publicationOn } from './as-of.ts'

export type CurrentFiles = {
  /** As they were current at the end of that day; undefined: now. */
  asOf: string | undefined
  /** The newest publication that counts; undefined: all. */
  seen?: string | undefined
  hospitalId: string | undefined
  /** The first file. */
  from: Sql
}

/** The newest publication of all: what the first page of a walk has seen, when it is asked for in the same statement. */
export const newestPublication: Sql = sql`(select coalesce(max(n.id), 0)::text from prices.publications n)`

/** Rows (id, published_at), in the order of ids. */
export function currentFiles(files: CurrentFiles): Sql {
  const { asOf, seen, hospitalId, from } = files
  if (asOf === undefined) return seen === undefined ? currentNow(files) : currentWhenSeen(files, seen)
  return sql`
    select f.id, p.published_at from prices.files f cross join lateral (${publicationOn(asOf, seen)}) p
    where f.id >= ${from} ${hospitalId === undefined ? empty : sql`and f.hospital_id = ${hospitalId}`}
    order by f.id`
}

/** From the index files_published, file by file: a page needs the first few of them. */
function currentNow({ hospitalId, from }: CurrentFiles, only: Sql = empty): Sql {
  return sql`
    select f.id, f.published_at from prices.files f
    where f.status = 'published' and f.id >= ${from}
      ${hospitalId === undefined ? empty : sql`and f.hospital_id = ${hospitalId}`} ${only}
    order by f.id`
}

/**
 * Mostly nothing was published since, and these are the current files as before. Else all of them are put in order: of the
 * hospitals that have published since it is the file before. One of the two has rows, so they need no order together.
 */
function currentWhenSeen(files: CurrentFiles, seen: string): Sql {
  const { hospitalId, from } = files
  return sql`
    with since as materialized (
      select distinct p.hospital_id from prices.publications p
      where p.id > ${seen}::bigint ${hospitalId === undefined ? empty : sql`and p.hospital_id = ${hospitalId}`}
    )
    (${currentNow(files, sql`and not exists (select from since)`)})
    union all
    (select f.id, f.published_at from (
      (${currentNow(files, sql`and f.hospital_id <> all (array(select s.hospital_id from since s))`)})
      union all
      select p.file_id, p.published_at from since s cross join lateral (
        select p.file_id, p.published_at from prices.publications p
        where p.hospital_id = s.hospital_id and p.id <= ${seen}::bigint order by p.id desc limit 1
      ) p
      where p.file_id >= ${from}
    ) f
    where exists (select from since) order by f.id)`
}
