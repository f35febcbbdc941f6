/**
 * Long answers that are under way: a server that closes ends them, or it would wait for their readers; and a reader that
 * takes nothing for long is given up, or it would keep its place from others for ever.
 */
import type { Readable } from 'node:stream'
import type { Server } from '@glimmr/lib/server'

export type OpenStreams = {
  /** Until it closes by itself; then `leave` is called, once. */
  add(stream: Readable, leave: () => void): void
}

/** `patienceMs`: how long a reader may take nothing. A slow one that takes a little now and then is never given up. */
export function createOpenStreams(
  app: Pick<Server, 'addHook'>,
  { patienceMs }: { patienceMs: number },
): OpenStreams {
  const open = new Set<Readable>()
  app.addHook('preClose', async () => {
    for (const stream of open) stream.destroy(new Error('the server is closing'))
  })
  return {
    add(stream, leave) {
      open.add(stream)
      // `pipe` pauses a stream for as long as its reader has enough; one that has nothing to give yet is not paused.
      let waiting: NodeJS.Timeout | undefined
      stream.on('pause', () => {
        const giveUp = () => stream.destroy(new Error(`the reader took nothing for ${patienceMs / 1000} s`))
        waiting ??= setTimeout(giveUp, patienceMs).unref()
      })
      const stopWaiting = () => {
        clearTimeout(waiting)
        waiting = undefined
      }
      stream.on('resume', stopWaiting)
      stream.once('close', () => {
        stopWaiting()
        open.delete(stream)
        leave()
      })
      // Told to the log by Fastify, which sends the stream; nobody else listens after the headers are out.
      stream.on('error', () => {})
    },
  }
}
