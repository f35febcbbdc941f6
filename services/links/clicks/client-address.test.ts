import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { clientAddressBehind } from './client-address.ts'

const from = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as FastifyRequest

t.test('X-Forwarded-For is believed as far as trusted proxies wrote it', async t => {
  const addressOf = clientAddressBehind(['10.0.0.0/8', '127.0.0.1', 'fc00::/7'])
  t.equal(addressOf(from('203.0.113.9')), '203.0.113.9')
  t.equal(addressOf(from('203.0.113.9', '198.51.100.1')), '203.0.113.9', 'a client may write what it likes')
  t.equal(addressOf(from('10.1.2.3', '198.51.100.1')), '198.51.100.1')
  t.equal(
    addressOf(from('::ffff:10.1.2.3', '1.1.1.1, 198.51.100.1')),
    '198.51.100.1',
    'what stands further left is not',
  )
  t.equal(addressOf(from('10.1.2.3', '198.51.100.1, 10.9.9.9')), '198.51.100.1', 'two proxies')
  t.equal(addressOf(from('fd00::1', '2001:db8::1')), '2001:db8::1')
  t.equal(addressOf(from('10.1.2.3', 'unknown')), '10.1.2.3')
  t.equal(addressOf(from('10.1.2.3', '')), '10.1.2.3')
})

t.test('a network that is none is told at the start', async t => {
  for (const wrong of ['x', '10.0.0.0/33', '10.0.0.0/x', ''])
    t.throws(() => clientAddressBehind([wrong]), wrong)
})
