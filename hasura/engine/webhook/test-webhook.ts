/** For tests: a server that a webhook client calls. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/** Its port, on 127.0.0.1, until the test ends. */
export async function listening(t: Test, server: Server | SecureServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** The URL of a server that answers by `answer`, which is given each request with its whole body. */
export async function startWebhook(
  t: Test,
  answer: (...given: [body: string, ...Parameters<RequestListener>]) => void,
): Promise<string> {
  const server = createServer(async (request, response) => answer(await text(request), request, response))
  return `http://127.0.0.1:${await listening(t, server)}/`
}
