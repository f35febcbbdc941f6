import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startServer, startTestRouter, statusOf } from '../test-router.ts'
import { startRaw } from '../upstream/test-answers.ts'
import { until } from './test-services.ts'

const long = randomBytes(6 * 2 ** 20)

const answers: Record<string, RequestListener> = {
  '/announced': (_request, response) => response.writeHead(200, { 'content-length': long.length }).end(long),
  '/chunked': (_request, response) => {
    for (let at = 0; at < long.length; at += 100_000) response.write(long.subarray(at, at + 100_000))
    response.end()
  },
  '/broken': (_request, response) => {
    response.writeHead(200, { 'content-length': long.length + 1 }).write(long, () => response.destroy())
  },
}

async function opened(asked: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}

/** A piece, then a few turns of nothing. */
async function readSlowly(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of body) {
    pieces.push(piece)
    if (pieces.length % 8 === 0) for (let turns = 0; turns < 5; turns++) await turn()
  }
  return Buffer.concat(pieces)
}

t.test(
  'a long body comes whole, to many slow clients at once, announced, in chunks and compressed',
  async t => {
    const { url: back } = await startServer(t, (request, response) =>
      answers[String(request.url)]?.(request, response),
    )
    const { url } = await startTestRouter(t, {
      dynamic: simpleRoute(back, 'squeeze: { compress: {} }', ['squeeze']),
    })
    const ask = async (path: string, encoding?: string) => {
      const answer = await opened(
        get(`${url}${path}`, { agent: false, headers: encoding ? { 'accept-encoding': encoding } : {} }),
      )
      t.equal(answer.headers['content-encoding'], encoding)
      const body = await readSlowly(encoding ? answer.pipe(createGunzip()) : answer)
      t.ok(body.equals(long), `${path} ${encoding ?? 'as it is'}`)
    }
    await Promise.all(
      ['/announced', '/announced', '/announced', '/chunked'].flatMap(path => [ask(path), ask(path, 'gzip')]),
    )
  },
)

t.test('a body that breaks off is seen to, and the next one on the same connections is whole', async t => {
  const { url: back } = await startServer(t, (request, response) =>
    answers[String(request.url)]?.(request, response),
  )
  const { url } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  for (let round = 0; round < 3; round++) {
    await t.rejects(readSlowly(await opened(get(`${url}/broken`))))
    t.ok((await readSlowly(await opened(get(`${url}/announced`)))).equals(long))
  }
})

t.test('the head of an answer does not wait for its body', async t => {
  let finish = () => {}
  const { url: back } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'x-head': 'here' }).flushHeaders()
    finish = () => response.end('body')
  })
  const { url } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const answer = await opened(get(url))
  t.equal(answer.headers['x-head'], 'here')
  finish()
  t.equal(String(await readSlowly(answer)), 'body')
})

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function behindRaw(t: Parameters<typeof startRaw>[0], answer: Parameters<typeof startRaw>[1]) {
  return startTestRouter(t, { dynamic: simpleRoute(`http://127.0.0.1:${await startRaw(t, answer)}`) })
}

t.test(
  'an answer that could be read in two ways is 500, and nothing of it or behind it comes through',
  async t => {
    for (const bad of [
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nforged',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 6\r\n\r\nforged',
      'HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: forged\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX-A: b\r\n forged: folded\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length : 6\r\n\r\nforged',
      '<html>forged</html>',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nforged',
    ]) {
      const { port, router } = await behindRaw(t, (socket, _head, connection) =>
        connection === 0 ? socket.end(bad) : socket.write(ok),
      )
      const first = await sendRaw(port, rawRequest('/'))
      t.equal(statusOf(first), 500, bad)
      t.notMatch(first, 'forged')
      t.match(router.metricsText(), 'reason="server_malformed"} 1')
      t.match(await sendRaw(port, rawRequest('/')), /^HTTP\/1.1 200 OK\r\n(.*\r\n)+\r\nok$/)
    }
  },
)

t.test('a fault within a body is seen by the client as an answer that is not whole', async t => {
  const { url } = await behindRaw(t, socket =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nfault\r\n'),
  )
  await t.rejects(fetch(url).then(answer => answer.text()))
})

t.test(
  'links of early hints go on to who knows of early answers, and nothing else that comes early',
  async t => {
    const { port } = await behindRaw(t, socket =>
      socket.write(
        [
          'HTTP/1.1 100 Continue\r\nX-Early: 1',
          'HTTP/1.1 102 Processing',
          'HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\nLink: </a>; rel=preload, </b>\r\nLink: </c>',
          'HTTP/1.1 103 Early Hints\r\nLink: no link',
          'HTTP/1.1 199 Own',
          ok,
        ].join('\r\n\r\n'),
      ),
    )
    const answer = await sendRaw(port, rawRequest('/'))
    t.match(
      answer,
      /^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 103 Early Hints\r\nLink: <\/a>; rel=preload, <\/b>, <\/c>\r\n\r\nHTTP\/1.1 200 OK\r\n/,
    )
    t.notMatch(answer, /x-early|no link/i)
    t.match(await sendRaw(port, rawRequest('/').replace('HTTP/1.1', 'HTTP/1.0')), /^HTTP\/1.1 200 OK\r\n/)
  },
)

t.test('what a server says about its connection ends here; everything else comes as it is', async t => {
  const { port } = await behindRaw(t, socket =>
    socket.write(
      'HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=7\r\nProxy-Connection: x\r\nX-Yours: \xe9\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n',
      'latin1',
    ),
  )
  const answer = await sendRaw(port, rawRequest('/'))
  t.notMatch(answer, /mine|timeout=7|proxy/i)
  t.match(answer, /\r\nx-yours: \xe9\r\nset-cookie: a\r\nset-cookie: b\r\n/i)
  t.match(answer, /\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n$/i)
})

t.test('a kept connection that the server ends as it is used again costs a GET nothing', async t => {
  const seen: string[] = []
  const { port } = await behindRaw(t, (socket, head, connection) => {
    seen.push(`${connection} ${head.slice(0, head.indexOf(' '))}`)
    if (seen.length % 2 === 0) socket.destroy()
    else socket.write(ok)
  })
  t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 200)
  t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 200)
  t.same(seen, ['0 GET', '0 GET', '1 GET'])
  t.equal(
    statusOf(await sendRaw(port, rawRequest('/', ['Content-Length: 0'], 'POST'))),
    502,
    'it may have had its effect',
  )
  t.equal(seen.length, 4)
})

t.test('a request that makes its server break off is asked once', async t => {
  let asked = 0
  const { port } = await behindRaw(t, socket => {
    asked++
    socket.destroy()
  })
  t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 502)
  t.equal(asked, 1)
})

t.test(
  'an answer before the body is through is the answer, and the client’s connection serves on',
  async t => {
    const { port } = await behindRaw(t, (socket, head) => {
      if (head.startsWith('GET')) socket.write(ok)
      else socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')
    })
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    t.teardown(() => socket.destroy())
    let answers = ''
    socket.on('data', text => {
      answers += text
    })
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbeginning')
    t.ok(await until(() => answers.endsWith('no')))
    socket.write('x'.repeat(100_000 - 9))
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    t.ok(await until(() => answers.endsWith('ok')), answers)
  },
)

t.test('an answer that a middleware replaces is not waited for', async t => {
  let ended = 0
  const { url: back } = await startServer(t, (request, response) => {
    if (request.url === '/page') return void response.end('page')
    response.writeHead(500).write('for ever')
    response.once('close', () => ended++)
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'pages: { errors: { status: ["500"], service: back, query: /page } }', [
      'pages',
    ]),
  })
  for (let count = 0; count < 3; count++) t.equal(await (await fetch(url)).text(), 'page')
  t.ok(await until(() => ended === 3), 'and its connection ends with the other one')
})

t.test('an answer in chunks that is waited for and then compressed is framed as what it becomes', async t => {
  const text = 'x'.repeat(500)
  const { url: back } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).write(text)
    response.end()
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      'squeeze: { compress: { minResponseBodyBytes: 100 } }\nbound: { buffering: { maxResponseBodyBytes: 900 } }',
      ['squeeze', 'bound'],
    ),
  })
  for (let count = 0; count < 2; count++) {
    const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    t.same([answer.headers.get('content-length'), answer.headers.get('content-encoding')], [null, 'gzip'])
    t.equal(await answer.text(), text)
  }
})
