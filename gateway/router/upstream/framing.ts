/** Where the body of an answer ends, by its head: RFC 9112, 6.3, without the readings that would let two readers differ. */
import type { AnswerLines } from './answer-lines.ts'
import { fault } from './upstream-error.ts'

export const CHUNKED = -1
export const UNTIL_CLOSE = -2

/** Bytes, CHUNKED or UNTIL_CLOSE. Throws a fault. */
export function bodyLength(head: AnswerLines, method: string): number {
  const { transferEncoding, contentLength, status, minor } = head
  if (transferEncoding !== '') {
    if (contentLength !== '') throw fault('an answer has Transfer-Encoding and Content-Length')
    if (minor === 0 || transferEncoding.toLowerCase() !== 'chunked')
      throw fault('an answer has an unknown Transfer-Encoding')
  }
  const length = contentLength === '' ? UNTIL_CLOSE : readLength(head)
  if (method === 'HEAD' || status === 204 || status === 304) return 0
  return transferEncoding === '' ? length : CHUNKED
}

/** Said twice alike is one length, as in Go. */
function readLength(head: AnswerLines): number {
  const [first = '', ...others] = head.contentLength.split(',')
  if (others.some(other => other !== first)) throw fault('an answer has two lengths')
  const length = Number(first)
  if (!/^\d+$/.test(first) || !Number.isSafeInteger(length))
    throw fault('the length of an answer is no number')
  if (others.length > 0) head.fields['content-length'] = first
  return length
}

/** Whether the server ends the connection after this answer. */
export function endsConnection({ connection, minor }: AnswerLines): boolean {
  if (connection === '' || connection === 'keep-alive') return minor === 0
  return minor === 0 || namedBy(connection).includes('close')
}

/** What the server names in Connection ends here (RFC 9110, 7.6.1), as in Traefik. */
export function dropNamed({ connection, fields }: AnswerLines): void {
  if (connection === '' || connection === 'keep-alive') return
  for (const name of namedBy(connection)) delete fields[name]
}

function namedBy(connection: string): string[] {
  return connection.split(',').map(part => part.trim().toLowerCase())
}
