/** Where a link may lead: a search for prices, a published file, or a page of a host that is allowed. */
import { maybeOne, type Queryable } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { priceFilters } from '@glimmr/lib/price-query'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export const priceQuery = z.strictObject({
  ...priceFilters,
  limit: z.coerce.number().int().min(1).max(500).optional(),
})

/** The path of the search; parameters in the order of the schema, so the same search is the same target. */
export function priceTarget(query: z.infer<typeof priceQuery>): string {
  const parameters = new URLSearchParams()
  for (const name of Object.keys(priceQuery.shape) as (keyof typeof query)[]) {
    const value = query[name]
    if (value !== undefined) parameters.set(name, String(value))
  }
  return `/v1/core/prices?${parameters}`
}

/** A 422 problem unless the file is published: a link must not tell of files that are not. */
export async function fileTarget(db: Queryable, fileId: number): Promise<string> {
  const found = await maybeOne(
    db,
    sql`select from prices.files where id = ${fileId} and status = 'published'`,
  )
  if (found) return `/v1/core/files/${fileId}`
  throw unusable('/file_id', `${fileId} is not a published file`)
}

/**
 * The URL as it will be sent, or a 422 problem. Only hosts of the list: anything else would lend our name to any page
 * (an open redirect). What browsers read otherwise than it looks (user@host, backslashes, control characters) is refused.
 */
export function urlTarget(
  text: string,
  { publicUrl, linkHosts }: { publicUrl: string; linkHosts: string[] },
): string {
  const refuse = (why: string) => unusable('/url', why)
  if (!/^https?:\/\/[^/\\?#]/i.test(text)) throw refuse('is not an http:// or https:// URL')
  if (/[\p{C}\s\\]/u.test(text)) throw refuse('holds blanks, backslashes or control characters')
  if (!URL.canParse(text)) throw refuse('is not a URL')
  const url = new URL(text)
  if (url.username || url.password || /^https?:\/\/[^/?#]*@/i.test(text))
    throw refuse('holds a user name or password')
  const own = new URL(publicUrl)
  if (url.host === own.host) {
    if (leadsToLink(url)) throw refuse('leads to a short link')
  } else if (!linkHosts.some(allowed => hostMatches(url.host, allowed)))
    throw refuse(`leads to ${url.host}, which is not among the hosts that links may lead to`)
  return url.href
}

/** As the gateway reads the path: two links that lead to each other would go on for ever. */
function leadsToLink({ pathname }: URL): boolean {
  return /^(\/|%2f)+(l|%6c)(\/|%2f)/i.test(pathname)
}

/** `*.example.org` stands for every host below, not for example.org itself. A port that is not the scheme's is named. */
function hostMatches(host: string, allowed: string): boolean {
  const pattern = allowed.toLowerCase()
  return pattern.startsWith('*.')
    ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length
    : host === pattern
}

function unusable(path: string, message: string) {
  return problem(422, `${path.slice(1)} ${message}`, { errors: [{ path, message }] })
}
