import t from 'tap'
import { ipv6Network } from '../middlewares/source.ts'
import { addressTest, plainAddress, splitHostPort } from './addresses.ts'

t.test('addresses and networks of both families, also in their mapped form', t => {
  const test = addressTest(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])
  t.ok(test('10.255.0.1'))
  t.ok(test('::ffff:10.0.0.1'))
  t.ok(test('192.0.2.7'))
  t.ok(test('fd12::1%eth0'))
  t.notOk(test('11.0.0.1'))
  t.notOk(test(''))
  t.notOk(test('10.0.0.1.evil'))
  t.notOk(addressTest([])('10.0.0.1'))
  t.equal(plainAddress('::ffff:127.0.0.1'), '127.0.0.1')
  t.end()
})

t.test('host and port come apart', t => {
  t.same(splitHostPort('a:80'), { name: 'a', port: '80' })
  t.same(splitHostPort('[::1]:80'), { name: '::1', port: '80' })
  t.same(splitHostPort('[::1]'), { name: '::1', port: undefined })
  t.same(splitHostPort('a'), { name: 'a', port: undefined })
  t.end()
})

t.test('an IPv6 client is its network: one household, one limit', t => {
  t.equal(ipv6Network('2001:db8:1:2:3:4:5:6', 64), '2001:db8:1:2:0:0:0:0')
  t.equal(ipv6Network('2001:db8::1', 64), ipv6Network('2001:db8:0:0:ffff::9', 64))
  t.not(ipv6Network('2001:db8:0:1::1', 64), ipv6Network('2001:db8::1', 64))
  t.equal(ipv6Network('10.0.0.1', 64), '10.0.0.1')
  t.end()
})
