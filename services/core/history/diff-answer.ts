/** The changes of a walk as an answer: a page of them, or all as lines. */
import { problem } from '@glimmr/lib/errors'
import { cursorPart, encodeCursor, sendJson } from '@glimmr/lib/pages'
import { isTimeout } from '@glimmr/lib/problems'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { GroupChanges } from './walk-changes.ts'

/** The group after which to go on, and how many changes of the next one are known. */
export const position = z.tuple([cursorPart.text, cursorPart.text, z.number().int().min(0)])
export type Position = z.infer<typeof position>

type Walking = AsyncIterable<GroupChanges>

export type Page = {
  walk: Walking
  limit: number
  scope: { list: string; filters: Record<string, unknown> }
  after: Position | undefined
  /** The time, in milliseconds. */
  now?: () => number
}

/** How long a page looks for changes at least, when there are few. */
const pageMs = 3_000

export async function sendPageOf(
  reply: FastifyReply,
  request: FastifyRequest,
  page: Page,
): Promise<FastifyReply> {
  const { found, next } = await takePage(page)
  const cursor = next ? encodeCursor(page.scope, next) : null
  if (cursor) {
    const url = new URL(request.url, 'http://host')
    url.searchParams.set('cursor', cursor)
    reply.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  return sendJson(reply, `{"changes":[${found.join(',')}],"next_cursor":${JSON.stringify(cursor)}}`)
}

/**
 * Up to `limit` changes. Where changes are few a page ends without, but not before it has looked for them as long as the
 * walk took to begin: every page puts the items of both files in order again, and the next one would do no better.
 */
export async function takePage({ walk, limit, after, now = () => performance.now() }: Page): Promise<{
  found: string[]
  next: Position | undefined
}> {
  const started = now()
  let end: number | undefined
  const found: string[] = []
  let skip = after?.[2] ?? 0
  let last = after
  for await (const { position: at, changes } of explained(walk, advice.page)) {
    const time = now()
    end ??= time + Math.max(pageMs, time - started)
    const left = changes.slice(skip)
    const room = limit - found.length
    found.push(...left.slice(0, room).map(change => change.json))
    if (left.length > room) return { found, next: [last?.[0] ?? '', last?.[1] ?? '', skip + room] }
    // Groups without changes come between; what is known belongs to the first with any.
    if (changes.length > 0) skip = 0
    last = [at[0], at[1], 0]
    if (found.length === limit || time > end) return { found, next: last }
  }
  return { found, next: undefined }
}

/** All changes, a line each, and the summary. */
export async function* linesOf(
  walk: Walking,
  after: Position | undefined,
): AsyncGenerator<string, void, undefined> {
  const summary = { added: 0, removed: 0, changed: 0 }
  let skip = after?.[2] ?? 0
  for await (const { changes } of explained(walk, advice.lines)) {
    const left = changes.slice(skip)
    if (changes.length > 0) skip = 0
    for (const { change } of left) summary[change]++
    if (left.length > 0) yield `${left.map(change => change.json).join('\n')}\n`
  }
  yield `${JSON.stringify({ summary })}\n`
}

const advice = {
  page: 'ask for all changes at once with format=ndjson, which may take longer, or for one service by its `code`',
  lines: 'ask for one service by its `code`',
}

async function* explained(walk: Walking, advice: string): AsyncGenerator<GroupChanges, void, undefined> {
  try {
    yield* walk
  } catch (cause) {
    if (!isTimeout(cause)) throw cause
    throw problem(503, `These files are too large to be compared in the time that is given: ${advice}`, {
      cause,
    })
  }
}
