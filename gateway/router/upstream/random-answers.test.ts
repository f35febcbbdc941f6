/** Random answers in random pieces: what is read is what node's own client reads. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import t from 'tap'
import { type Answer, ask, asking, openPool, startRaw } from './test-answers.ts'

/** The same numbers for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Random = (below: number) => number
type Made = { method: string; bytes: Buffer; closes: boolean }

const names = ['X-A', 'x-b', 'ETag', 'Set-Cookie', 'X-Odd!#$', 'Vary', 'Content-Type', 'Link']
const pick = <One>(random: Random, all: readonly One[]) => all[random(all.length)] as One

function text(random: Random, length: number, from = 0x20, to = 0x100): string {
  let made = ''
  while (made.length < length) {
    const code = from + random(to - from)
    if (code !== 0x7f) made += String.fromCharCode(code)
  }
  return made
}

function field(random: Random): string {
  const value = text(random, random(8) === 0 ? random(5000) : random(40))
  const space = pick(random, ['', ' ', '  ', '\t'])
  return `${pick(random, names)}:${space}${value}${pick(random, ['', ' ', '\t '])}\r\n`
}

function many(random: Random, most: number): string {
  return Array.from({ length: random(most + 1) }, () => field(random)).join('')
}

function body(random: Random): string {
  return text(random, pick(random, [0, 1, 2, 100, 3000, 5000, 70_000, 200_000]), 0, 0x100)
}

function chunks(random: Random, whole: string): string {
  let made = ''
  for (let at = 0; at < whole.length; ) {
    const size = Math.min(whole.length - at, 1 + random(pick(random, [10, 5000, 100_000])))
    const hex = pick(random, [size.toString(16), size.toString(16).toUpperCase(), `00${size.toString(16)}`])
    made += `${hex}${pick(random, ['', '', ';a', ';name="value"'])}\r\n${whole.slice(at, at + size)}\r\n`
    at += size
    // A byte a chunk over a long body takes long and shows nothing more.
    if (at > 2000 && size < 10) break
  }
  return `${made}0\r\n${many(random, 3)}\r\n`
}

function makeAnswer(random: Random): Made {
  const method = random(6) === 0 ? 'HEAD' : 'GET'
  const status = pick(random, [200, 200, 200, 201, 204, 304, 404, 500, 599])
  const before = random(5) === 0 ? `HTTP/1.1 103 Early Hints\r\n${many(random, 2)}\r\n` : ''
  const bare = method === 'HEAD' || status === 204 || status === 304
  const framing = bare ? 'none' : pick(random, ['length', 'chunks', 'close'])
  const whole = body(random)
  const head = `${before}HTTP/1.1 ${status} ${text(random, random(20), 0x20, 0x7f)}\r\n${many(random, 6)}`
  const ending = {
    none: '\r\n',
    length: `Content-Length: ${whole.length}\r\n\r\n${whole}`,
    chunks: `transfer-encoding: chunked\r\n\r\n${chunks(random, whole)}`,
    close: `\r\n${whole}`,
  }[framing]
  return { method, bytes: Buffer.from(head + ending, 'latin1'), closes: framing === 'close' }
}

/** Pieces that really leave one by one, each after the last was taken. */
async function sendInPieces(socket: Socket, { bytes, closes }: Made, random: Random): Promise<void> {
  const largest = pick(random, [3, 50, 5000, 70_000, bytes.length + 1])
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1 + random(largest), Math.ceil(bytes.length / 200))
    await new Promise(resolve => socket.write(bytes.subarray(at, at + size), resolve))
    await new Promise(resolve => setImmediate(resolve))
    at += size
  }
  if (closes) socket.end()
}

const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'trailer']

function byName(raw: readonly string[]): Record<string, string[]> {
  const all: Record<string, string[]> = {}
  for (let index = 0; index < raw.length; index += 2) {
    const name = String(raw[index]).toLowerCase()
    if (hopByHop.includes(name)) continue
    all[name] = [...(all[name] ?? []), String(raw[index + 1])]
  }
  return all
}

async function askNode(port: number, { method }: Made): Promise<unknown> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    httpRequest({ port, host: '127.0.0.1', method, agent: false }, resolve).on('error', reject).end(),
  )
  let whole = ''
  for await (const bytes of answer) whole += bytes.toString('latin1')
  const { statusCode: status, rawHeaders, rawTrailers } = answer
  return { status, fields: byName(rawHeaders), body: whole, trailers: byName(rawTrailers) }
}

function listed({ status, fields, body: whole, trailers }: Answer): unknown {
  const lists = (all: Answer['fields']) =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value].flat()]))
  return { status, fields: lists(fields), body: whole, trailers: lists(trailers) }
}

t.test('random answers in random pieces are read as node reads them', async t => {
  let made: Made
  let random = randomFrom(0)
  const port = await startRaw(t, socket => void sendInPieces(socket, made, random))
  const pool = openPool(t, port)
  for (let seed = 1; seed <= 150; seed++) {
    random = randomFrom(seed)
    made = makeAnswer(random)
    const theirs = await askNode(port, made)
    const ours = listed(await ask(pool, asking('/', { method: made.method })))
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) return void t.same(ours, theirs, `seed ${seed}`)
  }
  t.pass('150 of them')
})
