import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { selfSigned } from '../tls/self-signed.ts'
import { ask, asking, collectAnswer, listen, openPool, startRaw } from './test-answers.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('one request after the other goes over one connection, several at once over several', async t => {
  let connections = 0
  const port = await startRaw(t, (socket, _head, connection) => {
    connections = Math.max(connections, connection + 1)
    socket.write(ok)
  })
  const pool = openPool(t, port)
  for (let count = 0; count < 5; count++) t.equal((await ask(pool)).body, 'ok')
  t.equal((await ask(pool, asking('/', { method: 'HEAD' }))).status, 200)
  t.equal(connections, 1)
  await Promise.all([ask(pool), ask(pool), ask(pool)])
  t.equal(connections, 4, 'the answer to HEAD had a body: its connection was closed')
  await Promise.all([ask(pool), ask(pool)])
  t.equal(connections, 4)
})

t.test('after whatever is not exactly an answer, the connection is never used again', async t => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const cases: [string, 'whole' | string][] = [
    [`${ok}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`, 'whole'],
    [`${ok}\r\n`, 'whole'],
    ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', 'whole'],
    ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 'whole'],
    ['HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok', 'whole'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 'UPSTREAM_FAULT'],
    [`${chunked}2\r\nokay\r\n0\r\n\r\n`, 'UPSTREAM_FAULT'],
    [`${chunked}zz\r\n`, 'UPSTREAM_FAULT'],
  ]
  for (const [bytes, outcome] of cases) {
    let last = -1
    const port = await startRaw(t, (socket, _head, connection) => {
      last = connection
      socket.write(connection === 0 ? bytes : ok)
    })
    const pool = openPool(t, port)
    const first = await ask(pool).then(
      ({ body }) => (body === 'ok' ? 'whole' : body),
      error => error.code,
    )
    t.equal(first, outcome, JSON.stringify(bytes))
    t.equal((await ask(pool)).body, 'ok')
    t.equal(last, 1)
  }
})

t.test('what a server says when nobody asked is not the answer to the next question', async t => {
  const port = await startRaw(t, (socket, _head, connection) => {
    socket.write(ok)
    if (connection > 0) return
    // After the answer, by itself.
    setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'), 20)
    socket.once('close', () => closed())
  })
  let closed = () => {}
  const poisoned = new Promise<void>(resolve => {
    closed = resolve
  })
  const pool = openPool(t, port)
  t.equal((await ask(pool)).body, 'ok')
  await poisoned
  t.equal((await ask(pool)).body, 'ok')
})

t.test(
  'a kept connection that ends is stale before an answer; a new one, or within an answer, broken',
  async t => {
    const pieces = [
      '',
      'HTTP/1.1 20',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n',
    ]
    for (const bytes of pieces)
      for (const end of ['end', 'reset'] as const)
        for (const before of [0, 1]) {
          let asked = 0
          const port = await startRaw(t, socket => {
            if (asked++ < before) socket.write(ok)
            else socket.write(bytes, () => (end === 'end' ? socket.end() : socket.resetAndDestroy()))
          })
          const pool = openPool(t, port)
          for (let count = 0; count < before; count++) await ask(pool)
          const { receiver, whole, answer } = collectAnswer()
          pool.send(asking(), receiver)
          const failed = await whole.catch(error => error)
          const stale = before > 0 && bytes === ''
          const said = `${end} ${before} ${JSON.stringify(bytes)}`
          // What came before a reset may be lost.
          if (end === 'reset' && before > 0 && answer.status === 0)
            t.match(failed.code, /^UPSTREAM_(STALE|BROKEN)$/, said)
          else t.equal(failed.code, stale ? 'UPSTREAM_STALE' : 'UPSTREAM_BROKEN', said)
        }
  },
)

t.test(
  'a body goes as it is, by its length or in chunks, and never longer or shorter than it says',
  async t => {
    const seen: string[] = []
    const server = createServer(socket => {
      let text = ''
      socket.on('data', bytes => {
        text += bytes.toString('latin1')
        if (!/(hello|\r\n0\r\n\r\n)$/.test(text) && !text.includes('Length: 0')) return
        seen.push(text)
        text = ''
        socket.write(ok)
      })
    })
    const pool = openPool(t, await listen(t, server))
    const post = (pieces: string[], length: number | undefined) =>
      ask(
        pool,
        asking('/', { method: 'POST', body: Readable.from(pieces.map(one => Buffer.from(one))), length }),
      )
    await post(['he', 'llo'], 5)
    await post(['he', 'llo'], undefined)
    await ask(pool, asking('/', { method: 'POST' }))
    const head = 'POST / HTTP/1.1\r\nHost: back\r\n'
    t.same(seen, [
      `${head}Content-Length: 5\r\n\r\nhello`,
      `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
      `${head}Content-Length: 0\r\n\r\n`,
    ])
    await t.rejects(post(['too much'], 5), { code: 'UPSTREAM_REQUEST' })
    await t.rejects(post(['less'], 5), { code: 'UPSTREAM_REQUEST' })
    for (const length of [Number.NaN, -1, 1.5, 2 ** 60])
      await t.rejects(post(['hello'], length), { code: 'UPSTREAM_REQUEST' })
    const broken = new Readable({ read() {} }).on('error', () => {})
    broken.push('he')
    const asked = ask(pool, asking('/', { method: 'POST', body: broken, length: 5 }))
    setImmediate(() => broken.destroy(new Error('the client went away')))
    await t.rejects(asked, { code: 'UPSTREAM_REQUEST' })
    await t.rejects(ask(pool, asking('/', { method: 'POST', body: broken, length: 5 })), {
      code: 'UPSTREAM_REQUEST',
    })
  },
)

t.test('an answer before the body is through is taken, and the connection is not used again', async t => {
  let connections = 0
  const server = createServer(socket => {
    connections++
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'))
  })
  const pool = openPool(t, await listen(t, server))
  for (let count = 1; count <= 2; count++) {
    const body = new Readable({ read() {} })
    body.push('a beginning')
    const { status, body: text } = await ask(pool, asking('/', { method: 'PUT', body, length: 1e9 }))
    t.same([status, text, connections], [413, 'no', count])
    t.equal(body.listenerCount('data'), 0)
    t.notOk(body.isPaused(), 'what is left of it goes nowhere')
  }
})

t.test('nobody waits longer than was said: for a connection, for an answer', async t => {
  const silent = await startRaw(t, () => {})
  const late = { code: 'UPSTREAM_ANSWER_TIMEOUT' }
  await t.rejects(ask(openPool(t, silent, { answerTimeoutMs: 30 })), late)
  const informed = await startRaw(t, socket => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'))
  await t.rejects(ask(openPool(t, informed, { answerTimeoutMs: 30 })), late)
  // It takes the connection and never begins with TLS.
  const tls = {}
  await t.rejects(ask(openPool(t, silent, { dialTimeoutMs: 30, tls })), { code: 'UPSTREAM_DIAL_TIMEOUT' })
  await t.rejects(ask(openPool(t, 1)), { code: 'ECONNREFUSED' })

  const slowly = await startRaw(t, async socket => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no')
    await wait(80)
    socket.write('k')
  })
  t.equal(
    (await ask(openPool(t, slowly, { answerTimeoutMs: 30 }))).body,
    'ok',
    'a body takes the time it takes',
  )
  const body = Readable.from(
    (async function* slow() {
      yield Buffer.from('he')
      await wait(80)
      yield Buffer.from('llo')
    })(),
  )
  const reading = createServer(socket => {
    socket.on('data', piece => {
      if (piece.includes('llo')) socket.write(ok)
    })
  })
  const patient = openPool(t, await listen(t, reading), { answerTimeoutMs: 30 })
  const post = asking('/', { method: 'POST', body, length: 5 })
  t.equal((await ask(patient, post)).body, 'ok', 'nor is the client’s time the server’s')
})

t.test('as many connections are kept as the file says, and as long', async t => {
  let open = 0
  let closed = 0
  const server = createServer(socket => {
    open++
    socket.on('data', () => socket.write(ok)).on('close', () => closed++)
  })
  const port = await listen(t, server)
  const until = async (count: number) => {
    while (closed < count) await wait(5)
  }
  const few = openPool(t, port, { maxIdle: 1 })
  await Promise.all([ask(few), ask(few), ask(few)])
  await until(2)
  few.close()
  await until(3)
  await ask(few)
  await until(4)
  t.equal(open, 4, 'after close none is kept')

  const short = openPool(t, port, { idleMs: 20 })
  await ask(short)
  await until(5)
  const single = openPool(t, port, { single: true })
  await ask(single)
  await ask(single)
  await until(7)
  t.equal(open, 7)
})

t.test('a server that is called by a name is tried at all its addresses', async t => {
  const port = await startRaw(t, socket => socket.write(ok))
  // ::1 first, where nobody listens, on most machines.
  const pool = openPool(t, port, { host: 'localhost' })
  for (let count = 0; count < 3; count++) t.equal((await ask(pool)).body, 'ok')
})

t.test('over TLS a server is who its name says, by our own list of authorities', async t => {
  const { cert, key } = selfSigned(['localhost'])
  const asked: (string | false)[] = []
  const long = 'x'.repeat(300_000)
  const server = createTlsServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, socket => {
    asked.push(`${socket.servername} ${socket.alpnProtocol}`)
    socket.on('error', () => {})
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${long.length}\r\n\r\n${long}`))
  })
  server.on('tlsClientError', () => {})
  const port = await listen(t, server)
  const named = openPool(t, port, { host: 'localhost', tls: { ca: cert } })
  for (let count = 0; count < 3; count++) t.ok((await ask(named)).body === long)
  t.same(asked, ['localhost http/1.1'], 'one connection; the Host of the request does not matter')
  t.ok((await ask(openPool(t, port, { tls: { ca: cert, servername: 'localhost' } }))).body === long)
  t.ok((await ask(openPool(t, port, { tls: { rejectUnauthorized: false } }))).body === long)
  await t.rejects(ask(openPool(t, port, { tls: { ca: cert } })), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  await t.rejects(ask(openPool(t, port, { tls: {}, host: 'localhost' })), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  })
  const again = openPool(t, port, { host: 'localhost', tls: { ca: cert } })
  await Promise.all([ask(again), ask(again)])
  t.ok(
    (await Promise.all([ask(again), ask(again), ask(again)])).every(({ body }) => body === long),
    'a session resumed',
  )
})
