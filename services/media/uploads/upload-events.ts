/** GET /v1/media/uploads/{id}/events: the state as server-sent events. */
import { Readable } from 'node:stream'
import { identityOf } from '@glimmr/lib/auth'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { whenClosed } from '@glimmr/lib/when-closed'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { requireVisible } from './upload.ts'
import { stateOf, type Watched, type Watcher } from './watcher.ts'

export type StreamOptions = { watcher: Watcher; heartbeatMs: number; maxStreams: number }

/** A longer load goes on in the next stream: EventSource comes back by itself, with a token that is checked again. */
const longestMs = 15 * 60_000
const maxStreamsEach = 20

// Typed loosely, for a stream is sent; the document says what it is.
const frames = z.unknown().meta({ type: 'string' })

export function routeUploadEvents(
  app: Server,
  { pool, metrics }: Media,
  { watcher, heartbeatMs, maxStreams }: StreamOptions,
): void {
  const places = createPlaces(maxStreams)
  const schema = {
    operationId: 'followUpload',
    summary: 'The state of an upload, as it changes',
    description:
      'Server-sent events: the present state at once, then each change, with a comment now and then; `data` is what GET /v1/media/uploads/{id} answers. Ends with the last state. With the Last-Event-ID of the last state it answers 204, and an EventSource stops.',
    tags: ['uploads'],
    params: z.object({ id: z.uuid() }),
    headers: z.object({ 'last-event-id': z.string().max(100).optional() }),
    response: {
      200: { description: 'text/event-stream', content: { 'text/event-stream': { schema: frames } } },
      204: z.null().describe('It has ended, and you know how'),
      ...problems(400, 404, 429),
    },
  }
  const config = { scope: 'media:read' }
  app.get('/v1/media/uploads/:id/events', { schema, config }, async (request, reply) => {
    const identity = identityOf(request)
    const upload = await requireVisible(pool, identity, request.params.id)
    const lastId = request.headers['last-event-id']
    const state = stateOf(upload)
    if (state.ended && state.id === lastId) return reply.code(204).send(null)
    const leave = places.take(identity.subject)
    const watched = watcher.watch(upload)
    metrics.streams.open++
    whenClosed(reply, () => {
      watched.close()
      leave()
      metrics.streams.open--
    })
    const stream = eventStream(watched, { lastId, heartbeatMs })
    return reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(stream, { objectMode: false, highWaterMark: 1 }))
  })
}

/**
 * Frames as the client takes them: to a slow one only the newest state is written, so nothing piles up.
 * Source: WHATWG HTML, 9.2 "Server-sent events".
 */
export async function* eventStream(
  watched: Watched,
  { lastId, heartbeatMs }: { lastId: string | undefined; heartbeatMs: number },
): AsyncGenerator<string> {
  const endMs = Date.now() + longestMs
  let sent = lastId
  yield 'retry: 1000\n\n'
  while (Date.now() < endMs) {
    const { id, json, ended } = watched.current()
    if (id !== sent) yield `id: ${id}\ndata: ${json}\n\n`
    sent = id
    if (ended) return
    const why = await watched.changed(id, heartbeatMs)
    if (why === 'closed') return
    if (why === 'timeout') yield ': still here\n\n'
  }
}

type Places = { take: (subject: string) => () => void }

/** A bound on all streams and on those of one key. Throws a 429 problem. */
function createPlaces(maxStreams: number): Places {
  const taken = new Map<string, number>()
  let all = 0
  return {
    take: subject => {
      const own = taken.get(subject) ?? 0
      if (all >= maxStreams || own >= maxStreamsEach) {
        throw problem(
          429,
          'Too many streams are open: close one, or ask GET /v1/media/uploads/{id} instead',
          {
            headers: { 'retry-after': '10' },
          },
        )
      }
      all++
      taken.set(subject, own + 1)
      return () => {
        all--
        const left = (taken.get(subject) ?? 1) - 1
        if (left > 0) taken.set(subject, left)
        else taken.delete(subject)
      }
    },
  }
}
