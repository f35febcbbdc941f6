import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage, type RequestListener } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import t from 'tap'
import { simpleRoute, startServer, startTestRouter } from '../test-router.ts'

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
