import { hostname } from 'node:os'
import t from 'tap'
import type { Exchange } from './exchange.ts'
import { forwardedHeaders } from './forwarded.ts'
import { readHeaders } from './headers.ts'

const defaults = {
  insecure: false,
  trustedIPs: ['10.0.0.0/8'],
  connection: [],
  notAppendXForwardedFor: false,
}

function seen(
  raw: string[],
  address: string,
  options: Partial<typeof defaults> & { connection?: never[] } = {},
) {
  const { headers, managed } = readHeaders(raw)
  const exchange = {
    headers,
    client: { address, port: 9 },
    host: 'api.example:8080',
    secure: false,
  }
  forwardedHeaders({ ...defaults, ...options })(exchange as unknown as Exchange, managed)
  return exchange.headers
}

t.test('a stranger cannot say where it comes from, in any spelling', t => {
  const headers = seen(
    [
      'X-Forwarded-For',
      '1.1.1.1',
      'x-forwarded-PROTO',
      'https',
      'X_Forwarded_Host',
      'evil',
      'X-Real-Ip',
      '2.2.2.2',
      'X-Forwarded-Prefix',
      '/x',
    ],
    '203.0.113.5',
  )
  t.equal(headers['x-forwarded-for'], undefined)
  t.equal(headers.x_forwarded_host, undefined)
  t.match(headers, {
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'api.example:8080',
    'x-forwarded-port': '8080',
    'x-real-ip': '203.0.113.5',
    'x-forwarded-server': hostname(),
  })
  t.equal(headers['x-forwarded-prefix'], undefined)
  t.end()
})

t.test('a trusted proxy is believed, and its lists are joined', t => {
  const headers = seen(
    ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '2.2.2.2', 'X-Forwarded-Proto', 'https'],
    '10.1.2.3',
  )
  t.match(headers, { 'x-forwarded-for': '1.1.1.1, 2.2.2.2', 'x-forwarded-proto': 'https' })
  t.end()
})

t.test('headers that Connection names end here, except the ones that the router manages', t => {
  const headers = seen(
    [
      'Connection',
      'close, X-Secret, X-Forwarded-For, Authorization',
      'X-Secret',
      '1',
      'Authorization',
      'a',
      'X-Forwarded-For',
      '1.1.1.1',
    ],
    '10.0.0.1',
  )
  t.equal(headers['x-secret'], undefined)
  t.equal(headers.authorization, undefined)
  t.equal(headers.connection, undefined)
  t.equal(headers['x-forwarded-for'], '1.1.1.1')
  t.end()
})
