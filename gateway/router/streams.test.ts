/** Bodies and answers on their way: as they are sent, at the pace of the slower side, and what happens when a side goes away. */
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startEcho, startServer, startTestRouter } from './test-router.ts'

t.test('server-sent events come through as they are sent, and compression does not hold them', async t => {
  const { url: back } = await startServer(t, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of ['one', 'two', 'three']) {
      response.write(`data: ${event}\n\n`)
      await new Promise<void>(resolve => {
        next = resolve
      })
    }
    response.end()
  })
  let next = () => {}
  for (const middleware of [
    'squeeze: { compress: { excludedContentTypes: [text/event-stream] } }',
    'squeeze: { compress: {} }',
  ]) {
    const { url } = await startTestRouter(t, { dynamic: simpleRoute(back, middleware, ['squeeze']) })
    const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    const reader = answer.body?.getReader()
    for (const event of ['one', 'two', 'three']) {
      let text = ''
      while (!text.includes(event)) text += new TextDecoder().decode((await reader?.read())?.value)
      t.match(text, `data: ${event}`)
      next()
    }
    t.equal((await reader?.read())?.done, true)
  }
})

t.test('a client that goes away ends the request upstream', async t => {
  let closed = () => {}
  const upstreamClosed = new Promise<void>(resolve => {
    closed = resolve
  })
  const { url: back } = await startServer(t, (_request, response) => {
    response.on('close', closed)
    response.writeHead(200)
    response.write('first')
  })
  const { url } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const aborting = new AbortController()
  const answer = await fetch(url, { signal: aborting.signal })
  t.equal(answer.status, 200)
  aborting.abort()
  await upstreamClosed
  t.pass('upstream saw it')
})

t.test('a service that breaks off midway is seen as broken, not as complete', async t => {
  const { url: back } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => response.destroy())
  })
  const { url } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const answer = await fetch(url)
  await t.rejects(answer.text())
})

t.test('a large body comes through whole, both ways at once', async t => {
  const size = 64 * 2 ** 20
  const { url: back } = await startServer(t, (request, response) => {
    response.writeHead(200, { 'content-length': String(request.headers['content-length']) })
    request.pipe(response)
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const piece = randomBytes(65_536)
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const body = Readable.from(
    (function* pieces() {
      for (let count = 0; count < size; count += piece.length) {
        sent.update(piece)
        yield piece
      }
    })(),
  )
  await new Promise<void>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': size } }
    const request = httpRequest(options, answer => {
      answer.on('data', chunk => received.update(chunk)).on('end', resolve)
    })
    request.on('error', reject)
    body.pipe(request)
  })
  t.equal(received.digest('hex'), sent.digest('hex'))
})

// Kernel buffers of two connections and node's own; without back-pressure it would be everything.
const stalledBytes = 24 * 2 ** 20

t.test('a client that does not read stops the service from sending', async t => {
  let sent = 0
  const { url: back } = await startServer(t, (_request, response) => {
    const piece = Buffer.alloc(65_536)
    const more = () => {
      while (sent < 2 ** 30) {
        sent += piece.length
        if (!response.write(piece)) return
      }
    }
    response.on('drain', more)
    more()
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  const stalled = await settled(() => sent)
  t.ok(stalled > 0 && stalled < stalledBytes, `${stalled} bytes`)
  socket.resume()
  while (sent < stalled + 2 ** 20) await new Promise(resolve => socket.once('data', resolve))
  t.pass('and goes on when it reads again')
})

t.test('a service that does not read stops the client from sending', async t => {
  let release = () => {}
  const { url: back } = await startServer(t, (request, response) => {
    release = () => void response.destroy()
    request.pause()
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${2 ** 30}\r\n\r\n`)
  let sent = 0
  const piece = Buffer.alloc(65_536)
  const more = () => {
    do sent += piece.length
    while (socket.write(piece) && sent < 2 ** 30)
  }
  socket.on('drain', more)
  more()
  const stalled = await settled(() => sent)
  t.ok(stalled > 0 && stalled < stalledBytes, `${stalled} bytes`)
  // Nobody reads the client's connection now, so that only the service's end can end this.
  const closed = new Promise(resolve => socket.once('close', resolve))
  release()
  await closed
  t.pass('a service that breaks off ends the upload')
})

/** The value of `read` once it has not changed for 300 ms. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    if (read() === last) return last
    last = read()
    await wait(300)
  }
}

t.test('100-continue: the client is only asked for its body when somebody will read it', async t => {
  const { url: back } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'bound: { buffering: { maxRequestBodyBytes: 10 } }', ['bound']),
  })
  const ask = (size: number) =>
    sendRaw(port, rawRequest('/', [`Content-Length: ${size}`, 'Expect: 100-continue'], 'POST'), 300)
  t.match(await ask(5), /^HTTP\/1\.1 100 Continue\r\n/)
  t.match(await ask(11), /^HTTP\/1\.1 413 /)
})
