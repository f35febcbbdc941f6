import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import t from 'tap'
import { GatewayRequest } from './request.ts'
import { GatewayResponse } from './response.ts'

type Write = (response: GatewayResponse) => void

async function answer(test: { teardown(handler: () => unknown): void }, write: Write) {
  const server = createServer<typeof GatewayRequest, typeof GatewayResponse>(
    { IncomingMessage: GatewayRequest, ServerResponse: GatewayResponse },
    (_request, response) => write(response),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  test.teardown(() => server.close())
  const got = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return { status: got.status, headers: got.headers, text: await got.text() }
}

/** The ways in which an app may write the same answer. */
const styles: [string, Write][] = [
  ['end', response => void response.setHeader('x-a', '1').end('body')],
  ['writeHead and end', response => void response.writeHead(200, { 'X-A': '1' }).end('body')],
  [
    'a reason and a list',
    response => void response.writeHead(200, 'Fine', ['X-A', '1'] as never).end('body'),
  ],
  [
    'write and end',
    response => {
      response.setHeader('x-a', '1')
      response.write('bo')
      response.end(Buffer.from('dy'))
    },
  ],
  [
    'flushed first',
    response => {
      response.setHeader('x-a', '1')
      response.flushHeaders()
      response.end('body')
    },
  ],
]

const upper = () =>
  Object.assign(
    new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) }),
    { flush: () => {} },
  )

for (const [style, write] of styles) {
  t.test(`${style}: hooks see the head once, from the inside out`, async t => {
    const order: string[] = []
    const { status, headers, text } = await answer(t, response => {
      response.onHead(head => {
        order.push(`outer ${head.headers['x-a']}`)
        head.headers['x-b'] = '2'
      })
      response.onHead(head => {
        order.push(`inner ${head.headers['x-a']}`)
        head.status = 202
        head.headers['x-a'] = 'changed'
      })
      write(response)
    })
    t.same(order, ['inner 1', 'outer changed'])
    t.equal(status, 202)
    t.match(Object.fromEntries(headers), { 'x-a': 'changed', 'x-b': '2' })
    t.equal(text, 'body')
  })

  t.test(`${style}: an answer that is held back leaves nothing, and another takes its place`, async t => {
    const { status, headers, text } = await answer(t, response => {
      response.onHead(head => {
        head.headers['x-outer'] = 'yes'
      })
      response.onHead(() => response.hold(() => response.writeHead(404, { 'x-c': '3' }).end('another')))
      response.onHead(head => {
        head.headers['x-inner'] = 'yes'
      })
      write(response)
    })
    t.equal(status, 404)
    t.equal(text, 'another')
    t.match(Object.fromEntries(headers), { 'x-c': '3', 'x-outer': 'yes' })
    t.same([headers.get('x-a'), headers.get('x-inner')], [null, null])
  })

  for (const bytes of [2, 100])
    t.test(
      `${style}: a body of which ${bytes} bytes are waited for has the length of what it becomes`,
      async t => {
        const { headers, text } = await answer(t, response => {
          response.onHead(head => {
            delete head.headers['content-length']
            response.transform(upper(), false)
          })
          response.onHead(({ headers }) =>
            response.collect(bytes, (body, whole) => {
              if (whole) headers['content-length'] = body.length
            }),
          )
          write(response)
        })
        t.equal(text, 'BODY')
        t.equal(headers.get('content-length'), null)
      },
    )

  t.test(`${style}: the body goes through a transform`, async t => {
    const { text } = await answer(t, response => {
      response.onHead(head => {
        delete head.headers['content-length']
        response.transform(upper(), true)
      })
      write(response)
    })
    t.equal(text, 'BODY')
  })
}
