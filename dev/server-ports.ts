/**
 * Ports for servers that are no part of this process and must be told theirs: nginx, Redis, Traefik. A port that was free
 * a moment ago may be taken when the server comes to it, by any connection that goes out: then it is started again on
 * another. A server that can say which one it took is told 0.
 */
import type { ChildProcess } from 'node:child_process'
import { type AddressInfo, createServer, type Server } from 'node:net'

const attempts = 10

/**
 * What `start` gives, on `count` ports that were free just now. It is called again with others when it throws an error of
 * the code EADDRINUSE (`portTaken`), ten times at most.
 */
export async function onFreePorts<Started>(
  count: number,
  start: (ports: number[]) => Promise<Started>,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(count)
    try {
      return await start(ports)
    } catch (error) {
      if (attempt === attempts || !isPortTaken(error)) throw error
    }
  }
}

/** The same for one. */
export function onFreePort<Started>(start: (port: number) => Promise<Started>): Promise<Started> {
  return onFreePorts(1, ([port = 0]) => start(port))
}

/** To be thrown by a `start` whose server says so in words. */
export function portTaken(said: string): Error {
  return Object.assign(new Error(`a port is taken: ${said}`), { code: 'EADDRINUSE' })
}

/** What servers print whose port is taken: of Node, of C and of Go. */
export const saysPortTaken = (text: string) => /EADDRINUSE|address already in use/i.test(text)

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/** All different: each is held until the last is found. */
async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, hold))
  const ports = held.map(server => (server.address() as AddressInfo).port)
  await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

function hold(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/**
 * The first match of `pattern` in what `child` prints (stdout and stderr, as far as they are pipes). Throws what it
 * printed when it ends before that, or says nothing of it within `ms`.
 */
export function whenSaid(child: ChildProcess, pattern: RegExp, ms: number): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let said = ''
    const settle = (settled: () => void) => {
      clearTimeout(timer)
      for (const stream of streams) stream.off('data', hear).resume()
      child.off('close', ended)
      settled()
    }
    const hear = (chunk: Buffer) => {
      said = (said + chunk).slice(-20_000)
      const found = pattern.exec(said)
      if (found) settle(() => resolve(found))
    }
    const ended = () =>
      settle(() => reject(saysPortTaken(said) ? portTaken(said) : new Error(`it ended:\n${said}`)))
    const timer = setTimeout(() => settle(() => reject(new Error(`not ready in ${ms} ms:\n${said}`))), ms)
    const streams = [child.stdout, child.stderr].filter(stream => stream !== null)
    for (const stream of streams) stream.on('data', hear)
    child.once('close', ended)
  })
}
