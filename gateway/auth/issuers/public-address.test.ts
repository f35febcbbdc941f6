import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import t from 'tap'
import { isPublicAddress } from './public-address.ts'
import { createRemoteKeys } from './remote-keys.ts'

t.test('only addresses of the open network are public', async t => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])
    t.equal(isPublicAddress(address), true, address)
  for (const address of [
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.1.2.3',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'localhost',
    '',
  ])
    t.equal(isPublicAddress(address), false, address)
})

t.test('keys are never fetched from a private address, however it is written', async t => {
  let connections = 0
  const server = createServer(socket => {
    connections++
    socket.destroy()
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const host of [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::1]',
  ])
    for (const protocol of ['https', 'http']) {
      const errors: unknown[] = []
      const keys = createRemoteKeys({
        issuer: 'https://a.example/',
        url: `${protocol}://${host}:${port}/keys`,
        private: false,
        now: Date.now,
        onFetched: error => void errors.push(error),
      })
      await t.rejects(keys.find('any'), host)
      t.match(String(errors[0]), /not public|not a public address|must be https/, host)
      await keys.close()
    }
  t.equal(connections, 0)
})
