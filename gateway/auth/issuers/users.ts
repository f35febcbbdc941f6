/** What core says of somebody who signs in elsewhere: their own row if there is one, and whether the organisation is open. */
import { type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { createFreshRecords } from '../fresh-records.ts'

export type UserQuestion = { issuer: string; subject: string; organisation: string | undefined }

export type UserAnswer = {
  /** Of the user's own row. */
  user: { organisation: string; roles: string[]; disabled: boolean } | undefined
  /** Of the row's organisation, else of the one that was asked about. */
  organisation: 'open' | 'suspended' | 'unknown'
}

export type Users = { ask(question: UserQuestion): Promise<UserAnswer> }

type Row = {
  id: string
  user_organisation_id: string | null
  roles: string[] | null
  disabled_at: Date | null
  organisation_id: string | null
  suspended_at: Date | null
}

export function createUsers(options: {
  pool: Pool
  now: () => number
  onError: (error: unknown) => void
}): Users {
  const { pool, now, onError } = options
  const records = createFreshRecords<UserAnswer>({
    now,
    onError,
    find: async ids => {
      if (ids.length === 0) return new Map()
      const found = await findUsers(pool, ids)
      return new Map(found.map(row => [row.id, answerOf(row)]))
    },
  })
  return {
    async ask({ issuer, subject, organisation }) {
      const answer = await records.get(JSON.stringify([issuer, subject, organisation ?? null]))
      return answer ?? { user: undefined, organisation: 'unknown' }
    },
  }
}

function answerOf(row: Row): UserAnswer {
  const { user_organisation_id, roles, disabled_at, organisation_id, suspended_at } = row
  return {
    user:
      user_organisation_id !== null && roles !== null
        ? { organisation: user_organisation_id, roles, disabled: disabled_at !== null }
        : undefined,
    organisation: organisation_id === null ? 'unknown' : suspended_at === null ? 'open' : 'suspended',
  }
}

/**
 * A row counts in the organisation that the claims name, and anywhere where they name none. Every admin may add rows: a row
 * elsewhere would draw somebody, and what they upload, out of their own organisation.
 */
function findUsers(pool: Pool, ids: readonly string[]): Promise<Row[]> {
  const asked = ids.map(id => JSON.parse(id) as [string, string, string | null])
  return rows<Row>(
    pool,
    sql`
      select asked.id, u.organisation_id as user_organisation_id, u.roles, u.disabled_at,
        o.id as organisation_id, o.suspended_at
      from unnest(${[...ids]}::text[], ${asked.map(([issuer]) => issuer)}::text[],
        ${asked.map(([, subject]) => subject)}::text[], ${asked.map(([, , id]) => id)}::uuid[])
        as asked (id, issuer, subject, organisation_id)
      left join core.users u on u.issuer = asked.issuer and u.subject = asked.subject
        and u.organisation_id = coalesce(asked.organisation_id, u.organisation_id)
      left join core.organisations o on o.id = coalesce(u.organisation_id, asked.organisation_id)
    `,
  )
}
