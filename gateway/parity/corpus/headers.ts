/** Headers that come twice, that end here, that are forged. */
import { build, type Generator, methods } from './build.ts'

export const headerLines = [
  'Accept: */*',
  'Accept-Encoding: gzip',
  'Accept-Encoding: br;q=0.5, identity',
  'User-Agent: parity',
  'X-Two: 1',
  'X-Two: 2',
  'x-two: 3',
  'X_Under: 1',
  'X_Auth_Subject: forged',
  'X-Route: yes',
  'X-Route: 12',
  'Cookie: a=1',
  'Cookie: b=2',
  'Authorization: Bearer x',
  'Referer: http://r/',
  'Content-Type: text/plain',
  'If-None-Match: "x"',
  'Range: bytes=0-1',
  'Via: 1.1 other',
  'Forwarded: for=1.2.3.4',
  'TE: trailers',
  'TE: gzip',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic x',
  'Trailer: X-T',
  'X-Empty:',
  `X-Long: ${'v'.repeat(300)}`,
  'Cache-Control: no-cache',
  'Origin: https://a.example',
  'Upgrade-Insecure-Requests: 1',
  'Date: Thu, 01 Jan 1970 00:00:00 GMT',
]

export const forwardedLines = [
  'X-Forwarded-For: 10.1.1.1',
  'X-Forwarded-For: 10.2.2.2, 192.0.2.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Proto: wss',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Port: 444',
  'X-Forwarded-Server: evil',
  'X-Real-Ip: 6.6.6.6',
  'X-Forwarded-Prefix: /p',
  'X-Forwarded-Uri: /u',
  'X-Forwarded-Method: PUT',
  'X_Forwarded_For: 6.6.6.6',
  'X-Forwarded-Tls-Client-Cert: x',
]

const connectionTokens = [
  'X-Two',
  'X-Forwarded-For',
  'Authorization',
  'x-empty',
  'upgrade',
  'close',
  'X-Real-Ip',
  '',
]

export const headerCases: readonly Generator[] = [
  random =>
    build('headers', random, {
      target: '/x',
      method: random.pick(methods),
      headers: random.some(headerLines, 8),
    }),
  random =>
    build('forwarded', random, {
      target: random.pick([
        '/x',
        '/mw/depth',
        '/mw/excluded',
        '/mw/redirect/x',
        '/mw/security',
        '/mw/headers',
      ]),
      headers: random.some(forwardedLines, 5),
    }),
  random =>
    build('connection', random, {
      target: '/x',
      headers: [
        ...random.some([...headerLines, ...forwardedLines], 4),
        `Connection: ${random.some(connectionTokens, 3).join(', ')}`,
      ],
    }),
]
