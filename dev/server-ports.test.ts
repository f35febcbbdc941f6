import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { onFreePort, onFreePorts, portTaken, whenSaid } from './server-ports.ts'

function listen(t: Test, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
    t.teardown(() => server.close())
  })
}

t.test('a server whose port is taken in between is started on another', async t => {
  const given: number[] = []
  const server = await onFreePort(async port => {
    given.push(port)
    // Twice somebody else is quicker.
    if (given.length < 3) await listen(t, port)
    return listen(t, port)
  })
  t.equal(new Set(given).size, 3)
  t.equal((server.address() as AddressInfo).port, given.at(-1))
})

t.test('several ports at once are different ones', async t => {
  const ports = await onFreePorts(50, async ports => ports)
  t.equal(new Set(ports).size, 50)
})

t.test('it is not tried for ever, and what else goes wrong is told at once', async t => {
  let tries = 0
  const taken = onFreePort(async () => {
    tries++
    throw portTaken('bind: address already in use')
  })
  await t.rejects(taken, { message: /address already in use/ })
  t.equal(tries, 10)
  const broken = onFreePort(async () => {
    tries++
    throw new Error('no such program')
  })
  await t.rejects(broken, { message: 'no such program' })
  t.equal(tries, 11)
})

t.test(
  'a program is waited for until it says that it listens; one that cannot is told from one that fails',
  async t => {
    const run = (code: string) => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'pipe'] })
    const listening = (port: number) =>
      run(
        `const s = require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening on', s.address().port))`,
      )
    const one = listening(0)
    t.teardown(() => one.kill('SIGKILL'))
    const [, port] = await whenSaid(one, /listening on (\d+)/, 20_000)
    await t.rejects(whenSaid(listening(Number(port)), /listening/, 20_000), { code: 'EADDRINUSE' })
    const failing = run(`console.error('no configuration'); process.exitCode = 1`)
    await t.rejects(whenSaid(failing, /listening/, 20_000), { message: /it ended:\nno configuration/ })
    const silent = run('setInterval(() => {}, 1000)')
    await t.rejects(whenSaid(silent, /listening/, 10), { message: /not ready in 10 ms/ })
    const ended = once(silent, 'exit')
    silent.kill('SIGKILL')
    await ended
  },
)
