/** Long answers that are under way: a server that closes ends them, or it would wait for their readers. */
import type { Readable } from 'node:stream'
import type { Server } from '@glimmr/lib/server'

export type OpenStreams = {
  /** Until it closes by itself; then `leave` is called, once. */
  add(stream: Readable, leave: () => void): void
}

export function createOpenStreams(app: Server): OpenStreams {
  const open = new Set<Readable>()
  app.addHook('preClose', async () => {
    for (const stream of open) stream.destroy(new Error('the server is closing'))
  })
  return {
    add(stream, leave) {
      open.add(stream)
      stream.once('close', () => {
        open.delete(stream)
        leave()
      })
      // Told to the log by Fastify, which sends the stream; nobody else listens after the headers are out.
      stream.on('error', () => {})
    },
  }
}
