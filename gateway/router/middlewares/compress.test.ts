import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { request } from 'undici'
import { simpleRoute, startServer, startTestRouter } from '../test-router.ts'
import { chooseEncoding } from './accept-encoding.ts'

t.test('the encoding is the client’s first choice among ours', t => {
  const ours = ['gzip', 'br', 'zstd'] as const
  for (const [header, expected] of [
    ['gzip, br', 'gzip'],
    ['br, gzip;q=0.5', 'br'],
    ['gzip;q=0, br', 'br'],
    ['deflate', undefined],
    ['*', 'gzip'],
    ['identity', undefined],
    ['identity;q=0.5, zstd', 'zstd'],
    ['', undefined],
  ] as const)
    t.equal(chooseEncoding([header], ours, undefined), expected, header)
  t.equal(chooseEncoding([], ours, undefined), undefined)
  t.equal(chooseEncoding([], ours, 'br'), 'br')
  t.end()
})

const text = 'a price, another price; '.repeat(500)

t.test('long answers are compressed, and nothing else is', async t => {
  const { url: back } = await startServer(t, (incoming, response) => {
    const { searchParams } = new URL(incoming.url ?? '', 'http://back')
    const body = searchParams.get('short') ? 'short' : text
    const encoded = searchParams.get('encoded')
    response.writeHead(200, {
      'content-type': searchParams.get('type') ?? 'text/plain',
      ...(!searchParams.get('stream') && { 'content-length': Buffer.byteLength(body) }),
      ...(encoded && { 'content-encoding': encoded }),
    })
    response.end(body)
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'squeeze: { compress: { excludedContentTypes: [text/event-stream] } }', [
      'squeeze',
    ]),
  })
  const ask = async (query: string, encoding?: string, method: 'GET' | 'HEAD' = 'GET') => {
    const { headers, body } = await request(`${url}/?${query}`, {
      method,
      headers: encoding ? { 'accept-encoding': encoding } : {},
    })
    return { headers, body: Buffer.from(await body.arrayBuffer()) }
  }
  for (const [encoding, decode] of [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ] as const) {
    for (const query of ['', 'stream=1']) {
      const { headers, body } = await ask(query, encoding)
      t.equal(headers['content-encoding'], encoding)
      t.equal(headers['content-length'], undefined)
      t.match(headers.vary, 'Accept-Encoding')
      t.equal(decode(body).toString(), text, `${encoding} ${query}`)
    }
  }
  for (const [query, encoding, method] of [
    ['', undefined, 'GET'],
    ['short=1', 'gzip', 'GET'],
    ['type=text/event-stream', 'gzip', 'GET'],
    ['type=application/grpc', 'gzip', 'GET'],
    ['encoded=x', 'gzip', 'GET'],
    ['', 'gzip', 'HEAD'],
  ] as const) {
    const { headers } = await ask(query, encoding, method)
    t.not(headers['content-encoding'], 'gzip', `${method} ${query} ${encoding}`)
  }
})
