import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { readBody } from './replay.ts'
import { GatewayRequest } from './request.ts'
import { GatewayResponse } from './response.ts'

type Read = (request: GatewayRequest) => Promise<string>

/** The ways in which an app may read a body. */
const ways: [string, Read][] = [
  [
    'data and end',
    request =>
      new Promise(resolve => {
        let body = ''
        request.on('data', chunk => {
          body += chunk
        })
        request.on('end', () => resolve(body))
      }),
  ],
  ['once closed', request => new Promise(resolve => void request.resume().once('close', () => resolve('')))],
  ['chunk by chunk', request => text(request)],
  ['readBody', async request => String(await readBody(request, 100))],
  [
    'a pipeline',
    async request => {
      let body = ''
      await pipeline(request, async chunks => {
        for await (const chunk of chunks) body += chunk
      })
      return body
    },
  ],
]

const requests: [string, RequestInit][] = [
  ['a GET', {}],
  ['a POST without a body', { method: 'POST' }],
  ['a DELETE', { method: 'DELETE' }],
]

for (const [way, read] of ways)
  t.test(`a body is read to its end, whether there is one or not: ${way}`, async t => {
    const server = createServer<typeof GatewayRequest, typeof GatewayResponse>(
      { IncomingMessage: GatewayRequest, ServerResponse: GatewayResponse, optimizeEmptyRequests: true },
      (request, response) => void read(request).then(body => response.end(`<${body}>`)),
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const [name, init] of requests) t.equal(await (await fetch(url, init)).text(), '<>', name)
    const sent = await (await fetch(url, { method: 'POST', body: 'words' })).text()
    t.equal(sent, way === 'once closed' ? '<>' : '<words>')
  })

t.test('a listener for the end that was taken back is not told', async t => {
  const told = await new Promise<boolean>((resolve, reject) => {
    const server = createServer<typeof GatewayRequest, typeof GatewayResponse>(
      { IncomingMessage: GatewayRequest, ServerResponse: GatewayResponse, optimizeEmptyRequests: true },
      (request, response) => {
        let heard = false
        const hear = () => {
          heard = true
        }
        request.on('end', hear).off('end', hear)
        setImmediate(() => {
          resolve(heard)
          response.end()
        })
      },
    )
    t.teardown(() => server.close())
    server.listen(0, '127.0.0.1', () => {
      fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).catch(reject)
    })
  })
  t.equal(told, false)
})
