/** For tests: an authorization hook on a port, which keeps what it was asked. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Certificate } from './self-signed.ts'

export type Asked = { method: string; headers: IncomingMessage['headers']; body: string }

export async function startHook(
  t: Test,
  answer: (response: ServerResponse, asked: Asked) => void,
  certificate?: Certificate,
) {
  const asked: Asked[] = []
  const hear = async (request: IncomingMessage, response: ServerResponse) => {
    const one = { method: request.method ?? '', headers: request.headers, body: await text(request) }
    asked.push(one)
    answer(response, one)
  }
  const server = certificate ? createSecureServer(certificate, hear) : createServer(hear)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/hook`, asked }
}
