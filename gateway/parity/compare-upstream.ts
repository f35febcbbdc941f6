/** Differences on purpose in how an answer of a service is read (corpus/upstream.ts), by their heading in DIFFERENCES.md. */
import { type Answer, ofConnection } from './answer.ts'
import type { Case } from './corpus/build.ts'

export function upstreamReason(
  { bytes }: Case,
  ours: Answer,
  theirs: Answer,
  details: readonly string[],
): string | undefined {
  const answer = answerIn(bytes)
  if (refused.has(ours.status) && (isAmbiguous(answer) || isMisspelt(answer))) return 'answers read strictly'
  const only = (...names: string[]) => details.every(detail => names.some(name => detail.startsWith(name)))
  if (/^HTTP\/1\.1 1/.test(answer) && only('early answers', 'headers')) return 'early answers'
  if (!only('headers')) return undefined
  const without = (...names: string[]) => same(ours.headers, theirs.headers, names)
  if (without('trailer')) return 'trailers come unannounced'
  const named = [...answer.matchAll(/\r\nConnection: ([^\r]*)/g)].flatMap(([, names = '']) =>
    names.toLowerCase().split(', '),
  )
  if (named.includes('close') && without(...named)) return 'names beside close'
  return undefined
}

/** 0: the connection ended. */
const refused = new Set([0, 500, 502])

/** What the service was asked for, without `large`. */
function answerIn(bytes: Buffer): string {
  const [, asked = ''] = /bytes=([\w-]*)/.exec(bytes.toString('latin1')) ?? []
  return Buffer.from(asked, 'base64url').toString('latin1')
}

/** Two readers could see two bodies. */
function isAmbiguous(answer: string): boolean {
  const { first, fields } = headOf(answer)
  const has = (name: string) => fields.some(field => field.toLowerCase().startsWith(`${name}:`))
  if (first.startsWith('HTTP/1.0') && has('transfer-encoding')) return true
  return (has('content-length') && has('transfer-encoding')) || /\r\n\r\n\S* +\r\n/.test(answer)
}

const statusLine = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/
const field = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/

function isMisspelt(answer: string): boolean {
  const { first, fields } = headOf(answer)
  return !statusLine.test(first) || !fields.every(one => field.test(one)) || /^[^\r]*\n/.test(answer)
}

/** Of the final answer. */
function headOf(answer: string): { first: string; fields: string[] } {
  const final = answer.split(/(?<=\r\n\r\n)(?=HTTP)/).find(one => !/^HTTP\/1\.1 1/.test(one)) ?? ''
  const [first = '', ...fields] = final.slice(0, Math.max(0, final.indexOf('\r\n\r\n'))).split('\r\n')
  return { first, fields }
}

function same(ours: Answer['headers'], theirs: Answer['headers'], but: readonly string[]): boolean {
  const shown = (headers: Answer['headers']) =>
    [...headers]
      .filter(([name]) => !but.includes(name) && !ofConnection.has(name))
      .map(String)
      .sort()
      .join()
  return shown(ours) === shown(theirs)
}
