import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startServer, startTestRouter } from '../test-router.ts'
import { sniffContentType } from './sniff-content-type.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

t.test('bytes are called what browsers would call them', t => {
  for (const [text, type] of [
    ['', 'text/plain; charset=utf-8'],
    ['plain', 'text/plain; charset=utf-8'],
    ['\x01plain', 'application/octet-stream'],
    [' \n<!doctype html >', 'text/html; charset=utf-8'],
    ['<a>', 'text/html; charset=utf-8'],
    ['<abbr>', 'text/plain; charset=utf-8'],
    ['  <?xml version="1.0"?>', 'text/xml; charset=utf-8'],
    ['{"a":1}', 'text/plain; charset=utf-8'],
    ['%PDF-1.7', 'application/pdf'],
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['RIFF1234WEBPVP', 'image/webp'],
    ['\x1f\x8b\x08rest', 'application/x-gzip'],
    ['\0\0\0\x18ftypmp42\0\0\0\0isommp42', 'video/mp4'],
    ['\xef\xbb\xbfx', 'text/plain; charset=utf-8'],
  ] as const)
    t.equal(sniffContentType(bytes(text)), type, JSON.stringify(text))
  t.end()
})

t.test('an answer without a type gets one; a type, or none wanted, stays', async t => {
  const listener = ({ url = '', method }: IncomingMessage, response: ServerResponse) => {
    if (url === '/typed') response.setHeader('content-type', 'application/x-own')
    if (url === '/coded') response.setHeader('content-encoding', 'x-own')
    if (url === '/empty') return response.writeHead(204).end()
    if (url === '/streamed') return response.write('<html>') && response.end('rest')
    response.writeHead(200, { 'content-length': 10 })
    response.flushHeaders()
    if (url === '/late') return setImmediate(() => response.write('<html>') && response.end('rest'))
    response.end(method === 'HEAD' ? undefined : '<html><br>')
  }
  const { url } = await startServer(t, listener)
  const typed = (server: string) => simpleRoute(server, 'typed: { contentType: {} }', ['typed'])
  const mounts = { 'http://back:1': { routing: listener } }
  for (const { port } of [
    await startTestRouter(t, { dynamic: typed(url) }),
    await startTestRouter(t, { dynamic: typed('http://back:1'), mounts }),
  ]) {
    t.match(await sendRaw(port, rawRequest('/x')), /content-type: text\/html; charset=utf-8/i)
    const late = await sendRaw(port, rawRequest('/late'))
    t.match(late, /content-type: text\/html; charset=utf-8/i)
    t.match(late, /<html>[\s\S]*rest/)
    t.match(await sendRaw(port, rawRequest('/typed')), /content-type: application\/x-own/i)
    for (const path of ['/coded', '/empty', '/streamed'])
      t.notMatch(await sendRaw(port, rawRequest(path)), /content-type/i)
    t.notMatch(await sendRaw(port, rawRequest('/x', [], 'HEAD')), /content-type/i)
  }
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(url) })
  t.notMatch(
    await sendRaw(port, rawRequest('/x')),
    /content-type/i,
    'without the middleware nothing is guessed',
  )
})
