/** What core says of somebody who signs in elsewhere: their row in an organisation if there is one, and whether that is open. */
import { type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { createFreshRecords } from '../fresh-records.ts'

export type UserQuestion = { issuer: string; subject: string; organisation: string }

export type UserAnswer = {
  /** Of their row in this organisation. */
  user: { roles: string[]; disabled: boolean } | undefined
  organisation: 'open' | 'suspended' | 'unknown'
}

export type Users = { ask(question: UserQuestion): Promise<UserAnswer> }

type Row = {
  id: string
  roles: string[] | null
  disabled_at: Date | null
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
      const answer = await records.get(JSON.stringify([issuer, subject, organisation]))
      return answer ?? { user: undefined, organisation: 'unknown' }
    },
  }
}

function answerOf({ roles, disabled_at, suspended_at }: Row): UserAnswer {
  return {
    user: roles === null ? undefined : { roles, disabled: disabled_at !== null },
    organisation: suspended_at === null ? 'open' : 'suspended',
  }
}

/** One row for each question whose organisation exists. */
function findUsers(pool: Pool, ids: readonly string[]): Promise<Row[]> {
  const asked = ids.map(id => JSON.parse(id) as [issuer: string, subject: string, organisation: string])
  return rows<Row>(
    pool,
    sql`
      select asked.id, u.roles, u.disabled_at, o.suspended_at
      from unnest(${[...ids]}::text[], ${asked.map(([issuer]) => issuer)}::text[],
        ${asked.map(([, subject]) => subject)}::text[], ${asked.map(([, , id]) => id)}::uuid[])
        as asked (id, issuer, subject, organisation_id)
      join core.organisations o on o.id = asked.organisation_id
      left join core.users u on u.issuer = asked.issuer and u.subject = asked.subject
        and u.organisation_id = asked.organisation_id
    `,
  )
}
