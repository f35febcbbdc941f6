/** A server that vectors' webhooks are sent to: what it answers is decided by a function. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { method: string; path: string; headers: [string, string][]; body: unknown }
export type Reply = {
  status: number
  body?: unknown
  text?: string
  headers?: Record<string, string | string[]>
}
export type WebhookServer = { url: string; close(): Promise<void> }

export async function startWebhookServer(
  reply: (request: Received) => Promise<Reply> | Reply,
): Promise<WebhookServer> {
  const server = createServer((request, response) => {
    received(request)
      .then(reply)
      .catch((cause: unknown): Reply => ({ status: 500, text: String(cause) }))
      .then(({ status, body, text, headers = {} }) => {
        response.writeHead(status, headers)
        response.end(text ?? (body === undefined ? '' : JSON.stringify(body)))
      })
      .catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function received(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const headers: [string, string][] = []
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    headers.push([request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? ''])
  return { method: request.method ?? '', path: request.url ?? '/', headers, body: jsonOf(text) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
