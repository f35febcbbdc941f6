/** More than one request on a connection, and connections that become something else. */
import { build, type Generator, request } from './build.ts'
import type { Random } from './random.ts'

const upgrades = [
  ['Connection: Upgrade', 'Upgrade: websocket'],
  ['Connection: keep-alive, upgrade', 'Upgrade: WebSocket'],
  ['Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
  ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
  ['Upgrade: websocket'],
  ['Connection: Upgrade'],
  ['Connection: Upgrade', 'Upgrade: x-own'],
]

const handshake = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

export const connectionCases: readonly Generator[] = [
  random =>
    build('upgrade', random, {
      target: random.pick(['/x', '/rule/prefix/x', '/mw/strip/one/x', '/mw/auth/x', '/mw/deny', '/mw/away']),
      headers: [...random.pick(upgrades), ...handshake],
      keep: true,
    }),
  random => {
    const count = 2 + random.below(3)
    const parts = Array.from({ length: count }, (_, index) => pipelined(random, index === count - 1))
    return {
      kind: 'pipeline',
      entryPoint: random.pick(['plain', 'hard'] as const),
      bytes: Buffer.concat(parts),
    }
  },
]

function pipelined(random: Random, last: boolean): Buffer {
  const body = 'b'.repeat(random.below(20))
  const target = random.pick([
    '/rule/path',
    '/x?q=1',
    '/mw/deny',
    '/mw/replace/x',
    '/rule/method',
    '/mw/errors/x?status=500',
  ])
  if (random.chance(0.6)) return request({ target, keep: !last })
  if (random.chance(0.5))
    return request({ target, method: 'POST', headers: [`Content-Length: ${body.length}`], body, keep: !last })
  const chunks = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`
  const headers = ['Transfer-Encoding: chunked']
  return request({ target, method: 'POST', headers, body: `${chunks}0\r\n\r\n`, keep: !last })
}
