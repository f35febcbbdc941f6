/**
 * The services of an attack run: they read what the router sends byte by byte, trust nothing, and write down what should
 * never have come. Nobody here has a key: auth refuses all, so that core may see nothing but what is public.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Mount } from '../router/router.ts'

export type Auditor = {
  url: string
  /** What came through, in a sentence each; emptied by reading. */
  takeFindings(): string[]
  close(): void
}

export type Role = 'core' | 'links' | 'auth'

export async function startAuditor(role: Role): Promise<Auditor> {
  const findings: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    let text = ''
    socket.setEncoding('latin1').on('data', chunk => {
      text += chunk
      for (;;) {
        const end = endOfRequest(text)
        if (end === undefined) return
        findings.push(...audit(role, text.slice(0, end)).map(finding => `${role}: ${finding}`))
        socket.write(answerOf(role, text))
        text = text.slice(end)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeFindings: () => findings.splice(0),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** The same as an app of the router's own process: it is called, and there are no bytes but those of node's request. */
export function mountAuditor(role: Role): { mount: Mount; auditor: Pick<Auditor, 'takeFindings'> } {
  const findings: string[] = []
  const mount: Mount = {
    routing(request, response) {
      const pairs = request.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`))
      const text = `${request.method} ${request.url} HTTP/1.1\r\n${pairs.join('')}\r\n`
      findings.push(...audit(role, text).map(finding => `${role}, called: ${finding}`))
      // What node made of them is what our services read.
      for (const [name, value] of Object.entries(request.headers))
        if (ownedByRouter.test(name.replaceAll('_', '-')) && String(value).includes('forged'))
          findings.push(`${role}, called: a forged header (${name})`)
      request.resume().on('end', () => response.end('ok'))
    },
  }
  return { mount, auditor: { takeFindings: () => findings.splice(0) } }
}

/** Where the first request ends, by its own head; undefined: more must come. */
function endOfRequest(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return undefined
  const lines = text.slice(0, head)
  if (/\r\ntransfer-encoding:/i.test(lines)) {
    const end = text.indexOf('\r\n0\r\n', head + 2)
    const over = end === -1 ? -1 : text.indexOf('\r\n\r\n', end + 3)
    return over === -1 ? undefined : over + 4
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(lines)?.[1] ?? 0)
  return text.length >= head + 4 + length ? head + 4 + length : undefined
}

const ownedByRouter = /^(?:x-auth-|x-hasura-|x-forwarded-|x-real-ip$|x-replaced-path$|host$|authorization$)/

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
const controlCharacter = /[\0-\x08\n\x0b-\x1f\x7f]/

/** Sentences; none: nothing wrong with it. `request`: as it came, head and body. */
export function audit(role: Role, request: string): string[] {
  const [first = '', ...lines] = request.slice(0, request.indexOf('\r\n\r\n')).split('\r\n')
  const headers = lines.map(line => {
    const colon = line.indexOf(':')
    return {
      line,
      name: line.slice(0, colon).toLowerCase().replaceAll('_', '-'),
      value: line.slice(colon + 1).trim(),
    }
  })
  const named = (name: string) => headers.filter(header => header.name === name)
  const found: string[] = []
  const finds = (wrong: boolean, what: string) => wrong && found.push(`${what}: ${JSON.stringify(first)}`)
  const target = first.split(' ')[1] ?? ''
  finds(!/^[A-Z]+ \/[!-~]* HTTP\/1\.1$/.test(first), 'a request line that is none')
  finds(
    role === 'core' && !/^\/v1\/core\/(?:health|openapi\.json)$/.test(target.split('?')[0] ?? ''),
    'reached without a key',
  )
  finds(
    role === 'links' && readings(target).some(path => !path.startsWith('/l/')),
    'a path with another reading',
  )
  finds(named('content-length').length + named('transfer-encoding').length > 1, 'a body with two lengths')
  finds(
    named('transfer-encoding').some(({ value }) => value !== 'chunked'),
    'an odd coding',
  )
  finds(
    named('content-length').some(({ value }) => !/^\d+$/.test(value)),
    'an odd length',
  )
  finds(named('host').length !== 1, 'not one host')
  finds(named('http2-settings').length > 0, 'HTTP/2 is asked for')
  finds(
    headers.some(({ line }) => !/^[!-9;-~]+:/.test(line)),
    'a header line that is none',
  )
  finds(
    headers.some(({ line }) => controlCharacter.test(line)),
    'a control character',
  )
  for (const { name, line } of headers)
    finds(ownedByRouter.test(name) && line.includes('forged'), `a forged header (${line.slice(0, 60)})`)
  return found
}

/** The path as careless services may read it: decoded up to three times, backslashes turned, parameters dropped. */
function readings(target: string): string[] {
  const found = new Set<string>()
  let path = target.split(/[?#]/)[0] ?? ''
  for (let depth = 0; depth < 4; depth++) {
    for (const spelling of [path, path.replaceAll('\\', '/'), path.replace(/;[^/]*/g, '')])
      found.add(resolved(spelling))
    path = path.replace(/%([0-9a-fA-F]{2})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
  }
  return [...found]
}

function resolved(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

function answerOf(role: Role, text: string): string {
  const refused = role === 'auth' && !/^GET \/problems\//.test(text)
  return `HTTP/1.1 ${refused ? '401 Unauthorized' : '200 OK'}\r\nContent-Length: 2\r\n\r\n${text.startsWith('HEAD ') ? '' : 'ok'}`
}
