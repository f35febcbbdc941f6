/** Two answers to the same bytes: equal, different on purpose, or different. */
import { type Answer, noAnswer, ofConnection, parseAnswers } from './answer.ts'
import { upstreamReason } from './compare-upstream.ts'
import type { Case } from './corpus/build.ts'
import type { Received } from './echo.ts'
import type { Sent } from './send.ts'

export type Verdict = { same: true } | { same: false; reason: string | undefined; details: string[] }

// Said in DIFFERENCES.md. The last one is read as what it says.
const answerIgnored = new Set([...ofConnection, 'x-received'])
const receivedIgnored = new Set([
  'connection',
  'x-request-id',
  'content-length',
  'transfer-encoding',
  'expect',
])

/** `ours` against `theirs` (Traefik's): every answer on the connection, and the certificate it came with. */
export function compare(one: Case, ours: Sent, theirs: Sent): Verdict {
  const { kind } = one
  const head = one.bytes.toString('latin1', 0, 5) === 'HEAD '
  if (ours.tls !== theirs.tls) return different(undefined, [`TLS: ours ${ours.tls} | Traefik ${theirs.tls}`])
  const [mine, others] = [answersOf(one, ours), answersOf(one, theirs)]
  if (mine.length !== others.length) {
    const details = [`answers: ours ${mine.length} | Traefik ${others.length}`]
    return different(
      kind === 'upstream pipeline'
        ? upstreamReason(one, mine[0] ?? noAnswer, others[0] ?? noAnswer, details)
        : undefined,
      details,
    )
  }
  for (const [index, answer] of mine.entries()) {
    const other = others[index] ?? noAnswer
    // A HEAD has no body, however long it says that it would be.
    const cut = (side: Answer) => kind.startsWith('upstream') && !side.whole && !head
    if (cut(answer) && cut(other)) continue
    const details = differences(answer, other)
    if (details.length > 0) return different(reasonOf(one, answer, other, details), details)
  }
  return { same: true }
}

function reasonOf(one: Case, ours: Answer, theirs: Answer, details: readonly string[]): string | undefined {
  if (one.kind.startsWith('upstream')) return upstreamReason(one, ours, theirs, details)
  return onPurpose(one, ours, theirs) ?? inHeaders(one, ours, theirs, details)
}

/** Of several on a connection those that came whole: how much of a broken one arrives is the moment's. */
function answersOf({ kind }: Case, { bytes }: Sent): Answer[] {
  const answers = parseAnswers(bytes)
  if (kind === 'upstream pipeline') return answers.filter(({ whole }) => whole)
  return kind === 'pipeline' ? answers : [answers[0] ?? noAnswer]
}

function different(reason: string | undefined, details: string[]): Verdict {
  return { same: false, reason, details }
}

function differences(ours: Answer, theirs: Answer): string[] {
  const details: string[] = []
  const check = (what: string, mine: string, other: string) => {
    if (mine !== other) details.push(`${what}: ours ${mine.slice(0, 300)} | Traefik ${other.slice(0, 300)}`)
  }
  check('status', String(ours.status), String(theirs.status))
  if (details.length > 0) return details
  const [mine, other] = [receivedOf(ours), receivedOf(theirs)]
  check('early answers', ours.early.join(' | '), theirs.early.join(' | '))
  check('trailers', ours.trailers, theirs.trailers)
  check('headers', answerHeaders(ours), answerHeaders(theirs))
  if (mine && other) {
    check('upstream method', mine.method, other.method)
    check('upstream target', mine.target, other.target)
    check('upstream body', mine.body, other.body)
    check('upstream headers', receivedHeaders(mine), receivedHeaders(other))
  } else check('body', scrub(ours.body), scrub(theirs.body))
  return details
}

function receivedOf({ body, headers }: Answer): Received | undefined {
  const upgraded = headers.get('x-received')?.[0]
  const text = upgraded ? Buffer.from(upgraded, 'base64').toString() : body
  if (!text.startsWith('{"method"')) return undefined
  try {
    return JSON.parse(text) as Received
  } catch {
    return undefined
  }
}

/** Ports differ between the two. */
function scrub(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
}

function answerHeaders({ headers }: Answer): string {
  return [...headers]
    .filter(([name]) => !answerIgnored.has(name))
    .map(([name, values]) => `${name}=${name === 'vary' ? tokens(values) : scrub(values.join('|'))}`)
    .sort()
    .join('; ')
}

function tokens(values: readonly string[]): string {
  return values
    .flatMap(value => value.split(','))
    .map(value => value.trim())
    .sort()
    .join(',')
}

function receivedHeaders({ headers }: Received): string {
  const byName = new Map<string, string[]>()
  for (const [name, value] of headers)
    byName.set(name.toLowerCase(), [...(byName.get(name.toLowerCase()) ?? []), value])
  // Go's transport asks for gzip where the client asked for nothing, and unpacks it again.
  if (byName.get('accept-encoding')?.join() === 'gzip') byName.delete('accept-encoding')
  return [...byName]
    .filter(([name]) => !receivedIgnored.has(name))
    .map(([name, values]) => `${name}=${scrub(values.join('|'))}`)
    .sort()
    .join('; ')
}

/** Differences on purpose in nothing but a header. */
function inHeaders(
  { bytes, kind }: Case,
  ours: Answer,
  theirs: Answer,
  details: readonly string[],
): string | undefined {
  if (!details.every(detail => detail.startsWith('headers'))) return undefined
  const text = bytes.toString('latin1')
  const without = ({ headers, ...rest }: Answer, ...names: string[]) =>
    answerHeaders({ ...rest, headers: new Map([...headers].filter(([one]) => !names.includes(one))) })
  const equalWithout = (...names: string[]) => without(ours, ...names) === without(theirs, ...names)
  const varies = ({ headers }: Answer) =>
    new Set(
      tokens(headers.get('vary') ?? [])
        .split(',')
        .filter(Boolean),
    )
  const variesMore = [...varies(theirs)].every(name => varies(ours).has(name))
  if (equalWithout('vary') && variesMore) return 'vary, said once'
  if (text.startsWith('HEAD ') && without(theirs, 'content-type') === answerHeaders(ours))
    return 'types of answers to HEAD'
  // What compress, retry or failover outside of contentType make of Traefik's mark for "no type".
  // … and two compress, one within the other, of the router's own refusals.
  const refused = ours.body === 'Forbidden' && !ours.headers.has('content-type')
  const untyped = kind === 'mixed' && (text.includes('type=none') || refused)
  if (untyped && equalWithout('vary', 'content-type', 'content-encoding') && variesMore)
    return 'types that nobody said'
  const lines = text.match(/\r\nAccept-Encoding:/gi)?.length ?? 0
  const squeezed = ours.headers.has('content-encoding') && !theirs.headers.has('content-encoding')
  if (lines > 1 && squeezed && equalWithout('vary', 'content-encoding')) return 'accept-encoding on two lines'
  // Within compress: to Traefik, which has read it whole, the answer is too short to be worth it.
  if (kind === 'mixed' && text.includes('chunked=1') && squeezed && theirs.body.length < 1024)
    if (equalWithout('vary', 'content-encoding')) return 'buffering streams where it can'
  return undefined
}

const refusals = new Set([0, 400, 405, 413, 417, 431, 501])

/** The differences of gateway/router/DIFFERENCES.md, by their heading. */
function onPurpose({ kind, bytes }: Case, ours: Answer, theirs: Answer): string | undefined {
  const text = bytes.toString('latin1')
  if (kind === 'tunnel' && ours.status === 405) return 'no tunnels, no HTTP/2'
  // The echo server takes every upgrade for a WebSocket, and Traefik refuses that answer.
  if (kind === 'upgrade' && !/\r\nUpgrade: websocket\r\n/i.test(text) && theirs.status === 500)
    return 'no tunnels, no HTTP/2'
  if (/\r\nHost: \[/.test(text) && [301, 308].includes(ours.status) && theirs.status === 502)
    return 'redirects of IPv6 hosts'
  const bothRefuse = refusals.has(ours.status) && (refusals.has(theirs.status) || theirs.status === 505)
  if (bothRefuse && ['framing', 'version', 'malformed', 'host', 'target', 'large', 'path'].includes(kind))
    return 'another refusal'
  if (refusals.has(ours.status)) {
    if (kind === 'framing') return 'ambiguous framing'
    if (kind === 'malformed' || kind === 'version') return 'stricter parser'
    if (kind === 'target' || kind === 'host') return 'stricter targets and hosts'
    if (kind === 'large' && ours.status === 431) return 'header count'
    if (/^\w+ [^ ]*%(?![0-9a-fA-F]{2})/.test(text) === false && /^\w+ [^ ]*[^\x21-\x7e]/.test(text))
      return 'stricter targets and hosts'
  }
  if (kind === 'auth body' && theirs.status === 500 && text.endsWith('\r\n\r\n0\r\n\r\n'))
    return 'an empty body shown to auth'
  const asked = receivedOf(ours)?.target ?? ''
  if (kind === 'mixed' && asked.startsWith('/page/') && ours.status === theirs.status)
    return 'error pages of a rewritten path'
  const chosen = (answer: Answer) => answer.headers.get('content-encoding')?.[0]
  if (
    (/\r\nAccept-Encoding: \*\r\n/.test(text) || !/\r\nAccept-Encoding:/i.test(text)) &&
    ours.status === theirs.status &&
    chosen(ours) &&
    !chosen(theirs)
  )
    return 'any encoding'
  if (
    /^\w+ \/(?:mw\/(?:retry|fallback)|opt\/again|mix\/)\S*(?:event-stream|chunked)/.test(text) &&
    ours.status >= 500 &&
    theirs.status === 200
  )
    return 'retried streams'
  return undefined
}
