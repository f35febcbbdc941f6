import t from 'tap'
import type { Exchange } from '../request/exchange.ts'
import { readHeaders } from '../request/headers.ts'
import { subjectOf } from './matchers.ts'
import { createRouteTable } from './route-table.ts'

const subject = (path: string, host = 'a.example', method = 'GET') =>
  subjectOf({
    path,
    query: '',
    method,
    host,
    headers: readHeaders([]).headers,
    client: { address: '::1', port: 1 },
  } as unknown as Exchange)

const table = (rules: Record<string, string | [string, number]>) =>
  createRouteTable(
    Object.entries(rules).map(([name, given]) => {
      const [rule, priority] = typeof given === 'string' ? [given, given.length] : given
      return { name, rule, priority, target: name }
    }),
  )

t.test('the longer rule wins, a priority wins over length, and the name settles a tie', t => {
  const routes = table({
    all: 'PathPrefix(`/`)',
    api: 'PathPrefix(`/v1`)',
    exact: ['Path(`/v1/x`)', 5],
    b: ['Path(`/tie`)', 900],
    a: ['Path(`/tie`)', 900],
  })
  t.equal(routes.find(subject('/v1/x')), 'api')
  t.equal(routes.find(subject('/other')), 'all')
  t.equal(routes.find(subject('/tie')), 'a')
  t.end()
})

t.test('hosts, alternatives, negations and patterns are found wherever they are filed', t => {
  const routes = table({
    host: 'Host(`a.example`)',
    either: 'Path(`/one`) || PathPrefix(`/two/`) || Host(`b.example`)',
    not: '!Host(`a.example`) && Method(`DELETE`)',
    pattern: 'PathRegexp(`^/[0-9]+$`) && Method(`GET`) && Method(`GET`)',
  })
  t.equal(routes.find(subject('/nothing')), 'host')
  t.equal(routes.find(subject('/nothing', 'A.Example.:80')), 'host')
  t.equal(routes.find(subject('/one', 'c.example')), 'either')
  t.equal(routes.find(subject('/two/x', 'c.example')), 'either')
  t.equal(routes.find(subject('/x', 'b.example')), 'either')
  t.equal(routes.find(subject('/x', 'c.example', 'DELETE')), 'not')
  t.equal(routes.find(subject('/12')), 'pattern')
  t.equal(routes.find(subject('/x', 'c.example')), undefined)
  t.end()
})

t.test('the index never changes the answer: random tables against trying every rule in order', t => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % below
  }
  const pick = <Item>(items: readonly Item[]) => items[random(items.length)] as Item
  const part = () =>
    pick([
      'Path(`/a`)',
      'Path(`/a/b`)',
      'PathPrefix(`/a`)',
      'PathPrefix(`/`)',
      'Host(`h.example`)',
      '!Path(`/a`)',
      'Method(`GET`)',
    ])
  for (let round = 0; round < 300; round++) {
    const rules = Array.from({ length: 6 }, (_, index) => ({
      name: `r${index}`,
      rule: `${part()} ${pick(['&&', '||'])} ${part()}`,
      priority: random(4),
      target: index,
    }))
    const indexed = createRouteTable(rules)
    const ordered = rules.toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    const asked = subject(
      pick(['/a', '/a/b', '/c', '/']),
      pick(['h.example', 'i.example']),
      pick(['GET', 'PUT']),
    )
    const wanted = ordered.find(one => createRouteTable([one]).find(asked) !== undefined)?.target
    if (indexed.find(asked) !== wanted) t.fail(`round ${round}: ${JSON.stringify(rules)}`)
  }
  t.pass('300 rounds')
  t.end()
})
