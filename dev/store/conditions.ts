import { S3Error } from './errors.ts'
import type { StoredObject } from './objects.ts'

/** A header by name; also used with `x-amz-copy-source-` put in front of the names. */
export type HeaderOf = (name: string) => string | undefined

/**
 * Decides whether a GET, HEAD or copy may go on: `modified` means send it. Throws PreconditionFailed.
 * Source: RFC 9110, 13.2.2 "Precedence of Preconditions".
 */
export function checkRead(object: StoredObject, header: HeaderOf): 'modified' | 'not-modified' {
  const ifMatch = header('if-match')
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw failed('If-Match')
  } else if (modifiedAfter(object, header('if-unmodified-since')) === true) {
    throw failed('If-Unmodified-Since')
  }
  const ifNoneMatch = header('if-none-match')
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, object.etag) ? 'not-modified' : 'modified'
  return modifiedAfter(object, header('if-modified-since')) === false ? 'not-modified' : 'modified'
}

/**
 * The conditions of a write, to be asked inside the transaction that writes: all that are given must hold.
 * `If-None-Match: *` makes an object write-once; `If-Match` replaces only the version the client knows. An object that is
 * not there was neither changed nor matched by anything.
 * Source: Cloudflare R2, "Conditional operations".
 */
export function writeCondition(header: HeaderOf): (old: StoredObject | undefined) => void {
  const ifMatch = header('if-match')
  const ifNoneMatch = header('if-none-match')
  const ifModified = header('if-modified-since')
  const ifUnmodified = header('if-unmodified-since')
  return old => {
    if (ifMatch !== undefined && !(old && matches(ifMatch, old.etag))) throw failed('If-Match')
    if (ifNoneMatch !== undefined && old && matches(ifNoneMatch, old.etag)) throw failed('If-None-Match')
    if (ifModified !== undefined && !(old && modifiedAfter(old, ifModified) !== false))
      throw failed('If-Modified-Since')
    if (old && modifiedAfter(old, ifUnmodified) === true) throw failed('If-Unmodified-Since')
  }
}

/** Whether an ETag is in a list such as `"a", W/"b"` or `*`; quotes are optional, as in S3. */
export function matches(list: string, etag: string): boolean {
  return list.split(',').some(item => {
    const wanted = item
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1')
    return wanted === '*' || wanted === etag
  })
}

/** undefined for a missing or unreadable date, which HTTP says to ignore. HTTP dates know whole seconds only. */
function modifiedAfter(object: StoredObject, date: string | undefined): boolean | undefined {
  const ms = Date.parse(date ?? '')
  return Number.isNaN(ms) ? undefined : Math.floor(object.modifiedMs / 1000) > Math.floor(ms / 1000)
}

const failed = (condition: string) => new S3Error('PreconditionFailed', undefined, { Condition: condition })
