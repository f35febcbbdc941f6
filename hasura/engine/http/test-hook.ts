/** For tests: an authorization hook on a port, which keeps what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { listening } from '../webhook/test-webhook.ts'
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
  const port = await listening(t, server)
  return { url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/hook`, asked }
}
