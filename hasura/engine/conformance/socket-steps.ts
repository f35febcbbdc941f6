/** The WebSocket steps of a vector, against a real server on a port of its own. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { WebSocket } from 'ws'
import type { Sockets } from '../http/sockets.ts'
import type { Results } from './expressions.ts'
import { fill } from './placeholders.ts'
import type { Step } from './vectors.ts'

export type SocketSteps = {
  run(step: Step, results: Results): Promise<string | undefined>
  close(): Promise<void>
}

/** The recordings wait longer than an engine in the same process needs. */
const longestWaitMs = 5_000
const silenceMs = 400
/** Steps of the Haskell tests name their subscriptions, and begin without a connection of their own. */
const ownPath = '/v1/graphql'

type Frame = { type?: string; id?: string; payload?: unknown }
type Connection = { socket: WebSocket; protocol: string; frames: Frame[]; closed: boolean }

export function createSocketSteps(sockets: Sockets, adminSecret: string): SocketSteps {
  let connection: Connection | undefined
  const server = createServer().on('upgrade', sockets.upgrade)
  const listening = once(server.listen(0, '127.0.0.1'), 'listening')

  async function connect(protocol: string, path: string): Promise<Connection> {
    await listening
    const { port } = server.address() as AddressInfo
    connection?.socket.terminate()
    const name = protocol === 'graphql-transport-ws' ? protocol : 'graphql-ws'
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, name)
    const opened: Connection = { socket, protocol: name, frames: [], closed: false }
    socket.on('message', data => opened.frames.push(JSON.parse(String(data))))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      opened.closed = true
    })
    connection = opened
    await once(socket, 'open')
    return opened
  }
  const initialised = async (protocol: string) => {
    const opened = await connect(protocol, ownPath)
    const headers = { 'x-hasura-admin-secret': adminSecret }
    opened.socket.send(JSON.stringify({ type: 'connection_init', payload: { headers } }))
    await taken(opened, frame => frame.type === 'connection_ack', longestWaitMs)
    return opened
  }
  /** Some recordings begin after their fixture has connected. */
  const current = async (protocol: unknown) =>
    connection ?? initialised(typeof protocol === 'string' ? protocol : 'graphql-transport-ws')

  return {
    async run(step, results) {
      const { ws, protocol, frame, query_id: wanted, sub, payload } = step
      switch (ws) {
        case 'connect':
          await connect(String(protocol), String(step.url ?? ownPath))
          return undefined
        case 'send':
          ;(await current(protocol)).socket.send(filled(frame, adminSecret))
          return undefined
        case 'subscribe': {
          const at = await current(protocol)
          at.socket.send(JSON.stringify({ type: 'subscribe', id: sub, payload }))
          return undefined
        }
        case 'next': {
          const found = await taken(await current(protocol), ({ id }) => id === sub, longestWaitMs)
          const wanted = (step.expect as { data?: unknown } | undefined) ?? {}
          return isDeepStrictEqual(found?.payload, wanted)
            ? undefined
            : `wanted ${JSON.stringify(wanted)}\n  got    ${JSON.stringify(found)}`
        }
        case 'receive':
        case 'expect': {
          const patience = wanted === undefined && ws === 'receive' ? silenceMs : longestWaitMs
          const at = await current(protocol)
          const found = await taken(at, ({ id }) => wanted === undefined || id === wanted, patience)
          results.set(String(step.id ?? ''), found)
          if (!found) return 'nothing came'
          const type = (frame as Frame | undefined)?.type
          return ws === 'expect' && found.type !== type ? `${found.type} instead of ${type}` : undefined
        }
        case 'expect-silence': {
          const found = await taken(await current(protocol), ({ id }) => id === sub, silenceMs)
          return found && `came ${JSON.stringify(found)}`
        }
        case 'closed?':
          results.set(String(step.id ?? ''), connection ? await isClosed(connection) : true)
          return undefined
        case 'close':
          connection?.socket.close()
          return undefined
        default:
          return `not supported: step ${Object.keys(step).join(', ')}`
      }
    },
    async close() {
      connection?.socket.terminate()
      sockets.end()
      server.close()
    },
  }
}

/** Time passes for the recording's `sleep`; here the answer is asked for until it is so. */
async function isClosed(connection: Connection): Promise<boolean> {
  const until = performance.now() + silenceMs
  while (!connection.closed && performance.now() < until) await wait(10)
  return connection.closed
}

/** The next frame of a kind; keep-alives are nobody's. */
async function taken(
  { frames }: Connection,
  fits: (frame: Frame) => boolean,
  patienceMs: number,
): Promise<Frame | undefined> {
  const until = performance.now() + patienceMs
  for (;;) {
    const position = frames.findIndex(
      frame => !['ka', 'ping', 'pong'].includes(frame.type ?? '') && fits(frame),
    )
    if (position >= 0) return frames.splice(position, 1)[0]
    if (performance.now() > until) return undefined
    await wait(10)
  }
}

function filled(frame: unknown, adminSecret: string): string {
  const text = (value: unknown) =>
    typeof value === 'string' ? fill(value.replaceAll('{{ADMIN_SECRET}}', adminSecret)) : value
  return JSON.stringify(frame, (_, value) => text(value))
}
