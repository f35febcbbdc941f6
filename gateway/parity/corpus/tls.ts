/** HTTP → HTTPS, and HTTPS by the name asked for. */
import { build, type Generator, methods } from './build.ts'
import { forwardedLines } from './headers.ts'
import { path, query } from './paths.ts'

const names = ['one.example', 'a.wild.example', 'a.b.wild.example', 'modern.example', 'other.example', '']

export const tlsCases: readonly Generator[] = [
  random =>
    build(
      'redirection',
      random,
      {
        target: path(random) + query(random),
        method: random.pick(methods),
        host: random.pick(['a.example', 'a.example:8080', 'a.example:80', '[::1]:81', '127.0.0.1']),
        headers: random.some(forwardedLines, 1),
      },
      'redirecting',
    ),
  random => {
    const serverName = random.pick(names)
    const host =
      random.chance(0.7) && serverName !== '' ? serverName : random.pick(['one.example', 'modern.example'])
    const target = random.pick(['/x', '/rule/path', '/mw/security', '/mw/redirect/x'])
    return { ...build('tls', random, { target: target + query(random), host }, 'secure'), serverName }
  },
  // Plain HTTP on the TLS port finds only the routers without TLS.
  random => build('tls', random, { target: random.pick(['/x', '/rule/path', '/unencrypted']) }, 'secure'),
]
