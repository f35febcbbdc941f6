/** Where a database is and who asks: the one variable with a password inside a URL. */
import pg from 'pg'
import { z } from 'zod'

/** A URL as `pg` takes it (postgresql.org/docs/current/libpq-connect.html, "Connection URIs"). */
export const databaseUrl = z
  .string()
  .refine(
    isConnectionUrl,
    'is not a postgresql:// URL. Characters of its password other than letters, digits and -._~ must be percent-encoded (/ as %2F, @ as %40)',
  )

function isConnectionUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text)) return false
  try {
    // Reads it, and connects to nothing.
    new pg.Client({ connectionString: text })
    return true
  } catch {
    return false
  }
}
