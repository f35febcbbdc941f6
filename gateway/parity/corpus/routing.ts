/** Rules, hosts, targets that are not paths, versions. */
import { build, type Generator, methods } from './build.ts'

const ruleTargets = [
  '/rule/path',
  '/rule/path/',
  '/rule/prefix',
  '/rule/prefix/x',
  '/rule/prefixed',
  '/rule/regexp/12',
  '/rule/regexp/x',
  '/rule/a%20b',
  '/rule/host',
  '/rule/header',
  '/rule/query',
  '/rule/query?q=1',
  '/rule/query?q=xx',
  '/rule/query?a&q=1',
  '/rule/method',
  '/rule/ip',
  '/rule/not',
  '/rule/either/a',
  '/rule/either/b',
  '/rule/either/c',
  '/rule/prio',
  '/rule/prio/long/path/x',
  '/parent',
  '/parent/read',
  '/parent/read/x',
  '/RULE/path',
  '/%72ule/path',
  '/rule%2Fpath',
]

const hosts = [
  'a.example',
  'A.EXAMPLE',
  'a.example:8080',
  'a.example.',
  'b.wild.example',
  'c.b.wild.example',
  'wild.example',
  'x.re.example',
  '1.re.example',
  '[::1]',
  '[::1]:80',
  '127.0.0.1',
  'localhost:1',
]

export const routingCases: readonly Generator[] = [
  random =>
    build('rule', random, {
      target: random.pick(ruleTargets),
      method: random.pick(methods),
      host: random.pick(hosts),
      headers: [
        ...random.some(['X-Route: yes', 'X-Route: 12', 'x-route: no', 'X-Route: yes, no'], 2),
        ...(random.chance(0.5) ? ['Content-Length: 0'] : []),
      ],
    }),
  random =>
    build('target', random, {
      target: random.pick([
        'http://b.example/rule/path',
        'http://b.example',
        'http://b.example?q=1',
        'HTTP://b.example/x',
        'https://b.example/x',
        'http://a.example:81/rule/host',
        'http://u:p@b.example/x',
        '*',
        'x',
        '//x',
        '/x#y',
        '/x?a#b',
        'ftp://b/x',
        'http:///x',
      ]),
      method: random.pick(['GET', 'OPTIONS', 'POST']),
    }),
  random =>
    build('host', random, {
      target: '/rule/host',
      host: random.pick([
        ...hosts,
        '',
        null,
        'a b',
        'a/b',
        'a@b',
        'ü.example',
        'a,b',
        'a..b',
        'a:b:c',
        'a.example:99999',
        'A_b.example',
      ]),
      headers: random.chance(0.2) ? ['Host: second.example'] : [],
    }),
  random =>
    build('version', random, {
      target: '/x',
      version: random.pick([
        'HTTP/1.0',
        'HTTP/1.1',
        'HTTP/1.2',
        'HTTP/2.0',
        'HTTP/0.9',
        'HTTP/1',
        'http/1.1',
        'HTTX/1.1',
      ]),
    }),
  random => build('tunnel', random, { target: random.pick(['b.example:443', '/x']), method: 'CONNECT' }),
]
