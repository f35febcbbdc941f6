import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import t, { type Test } from 'tap'
import { build, type LinksConfig } from '../server.ts'

const metadataDir = fileURLToPath(new URL('../../../hasura/metadata', import.meta.url))

async function links(t: Test, options: Partial<LinksConfig> = { metadataDir }) {
  const service = await createTestService(t, {
    build: context => build({ ...context, publicUrl: 'http://localhost:8080', ...options }),
    role: 'glimmr_links',
  })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const partner = { organisation, roles: ['partner', 'viewer'], scopes: ['links:read'] }
  await service.app.listen({ port: 0, host: '127.0.0.1' })
  const url = `ws://127.0.0.1:${(service.app.server.address() as AddressInfo).port}/v1/links/graphql`
  const connect = (headers: Record<string, string>) => connectTo(t, url, headers)
  return { ...service, organisation, partner, connect }
}

type Frame = { type: string; id?: string; payload?: unknown }

async function connectTo(t: Test, url: string, headers: Record<string, string>) {
  // Node's own client takes headers through undici's option.
  const socket = new WebSocket(url, { protocols: ['graphql-transport-ws'], headers } as unknown as string[])
  t.teardown(() => socket.close())
  const frames: Frame[] = []
  const waiting: ((frame: Frame) => void)[] = []
  socket.addEventListener('message', ({ data }) => {
    const frame: Frame = JSON.parse(String(data))
    if (frame.type === 'ping') return
    const next = waiting.shift()
    if (next) next(frame)
    else frames.push(frame)
  })
  const closed = once(socket, 'close').then(([event]) => event as CloseEvent)
  const opened = await Promise.race([once(socket, 'open').then(() => true), closed.then(() => false)])
  return {
    opened,
    closed,
    send: (frame: object) => socket.send(JSON.stringify(frame)),
    frame: async () => frames.shift() ?? new Promise<Frame>(resolve => waiting.push(resolve)),
  }
}

const query = 'subscription { files(order_by: { id: asc }) { hospital_name } }'

t.test('a subscription sees prices that are published while it waits', async t => {
  const { connect, tokens, partner, db, organisation } = await links(t)
  const { send, frame } = await connect(tokens.header(partner))
  send({ type: 'connection_init', payload: {} })
  t.match(await frame(), { type: 'connection_ack' })
  send({ type: 'subscribe', id: '1', payload: { query } })
  t.match(await frame(), { type: 'next', payload: { data: { files: [] } } })
  await seedFile(db.pool, { organisation, items: [] })
  t.match(await frame(), { payload: { data: { files: [{ hospital_name: 'Test Hospital' }] } } })
})

t.test('a handshake is guarded as every request is, and the role is one of the token', async t => {
  const { connect, tokens, partner, call } = await links(t)
  t.notOk((await connect({})).opened)
  t.notOk((await connect(tokens.header({ ...partner, scopes: ['core:read'] }))).opened)
  const forged = { ...tokens.header(partner), 'x-glimmr-handshake': 'guess' }
  t.ok((await connect(forged)).opened, 'a ticket of one’s own is ignored')
  const viewer = await connect(tokens.header(partner))
  viewer.send({ type: 'connection_init', payload: { headers: { 'x-hasura-role': 'viewer' } } })
  await viewer.frame()
  viewer.send({
    type: 'subscribe',
    id: '1',
    payload: { query: 'subscription { rates_aggregate { aggregate { count } } }' },
  })
  t.match(await viewer.frame(), { type: 'error', payload: [{ message: /rates_aggregate/ }] })
  const admin = await connect(tokens.header(partner))
  admin.send({ type: 'connection_init', payload: { headers: { 'x-hasura-role': 'admin' } } })
  t.match(await admin.closed, { code: 4403 })
  const plain = await call('/v1/links/graphql', partner, { method: 'GET' })
  t.equal(plain.statusCode, 426)
})

t.test('a service in front of a real Hasura says where subscriptions are', async t => {
  const { connect, tokens, partner } = await links(t, { hasuraUrl: 'http://127.0.0.1:9' })
  t.notOk((await connect(tokens.header(partner))).opened)
})
