/** Which files are taken, and under which names they are kept. */
import { problem } from '@glimmr/lib/errors'

const accepted = new Set([
  'text/csv',
  'application/csv',
  'application/json',
  'application/gzip',
  'application/x-gzip',
  'application/zip',
  'application/x-zip-compressed',
  'application/octet-stream',
])

/** Throws a 422 problem for a type that no price file has. The pipeline looks at the bytes, whatever is said here. */
export function requireAcceptedType(contentType: string): void {
  const essence = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (accepted.has(essence)) return
  const message = `is ${essence}: price files are text/csv, application/json, application/gzip, application/zip or application/octet-stream`
  throw problem(422, `content_type ${message}`, { errors: [{ path: '/content_type', message }] })
}

/**
 * A name that is safe in a URL, a header and a file system, and still says what the file is: letters, digits, dot,
 * dash and underscore, with the end (the extension) kept when it is too long.
 */
export function safeFilename(filename: string): string {
  const base = filename.split(/[/\\]/).at(-1) ?? ''
  const plain = base
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._]*(?=\.[A-Za-z0-9])/, 'file')
    .replace(/^[._]+/, '')
  return plain.slice(-150) || 'file'
}
