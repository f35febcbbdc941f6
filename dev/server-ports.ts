/** Ports for servers that are no part of this process: nginx, Redis, services in processes of their own. */
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Free a moment ago: who needs it to be still free tries again. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Until something listens; throws when nothing does within `ms`. */
export async function listensWithin(port: number, ms: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < ms; waitedMs += 20) {
    if (await listens(port)) return
    await wait(20)
  }
  throw new Error(`nothing listens on port ${port} after ${ms} ms`)
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}
