import { once } from 'node:events'
import { connect } from 'node:net'
import fastify, { type FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import { whenClosed } from './when-closed.ts'

/** A server that hands each reply to `handle`; a client that has sent its request. */
async function asked(t: Test, handle: (reply: FastifyReply) => Promise<unknown>) {
  const app = fastify()
  app.get('/', (_request, reply) => handle(reply))
  t.teardown(() => app.close())
  const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const client = connect(Number(url.port), url.hostname)
  client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  return client
}

t.test('it is called when the answer is out', async t => {
  const closed = Promise.withResolvers<void>()
  const client = await asked(t, async reply => {
    whenClosed(reply, closed.resolve)
    return 'done'
  })
  client.resume()
  await closed.promise
})

t.test('it is called when the client goes away, and when it has gone before', async t => {
  const waiting = Promise.withResolvers<void>()
  const before = Promise.withResolvers<void>()
  const after = Promise.withResolvers<void>()
  const client = await asked(t, async reply => {
    whenClosed(reply, before.resolve)
    const gone = once(reply.raw, 'close')
    waiting.resolve()
    await gone
    whenClosed(reply, after.resolve)
    return reply
  })
  await waiting.promise
  client.destroy()
  await before.promise
  await after.promise
})
