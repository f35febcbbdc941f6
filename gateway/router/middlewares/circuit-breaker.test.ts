import t from 'tap'
import { simpleRoute, startServer, startTestRouter } from '../test-router.ts'
import { compileCircuit } from './circuit-expression.ts'
import { createRollingFigures } from './circuit-figures.ts'

t.test('an expression reads the figures, with && before ||', t => {
  const figures = {
    networkErrorRatio: () => 0.4,
    responseCodeRatio: (from: number) => (from === 500 ? 0.3 : 0),
    latencyAtQuantileMs: (quantile: number) => quantile * 10,
  }
  for (const [expression, expected] of [
    ['NetworkErrorRatio() > 0.30', true],
    ['NetworkErrorRatio() > 0.40', false],
    ['ResponseCodeRatio(500, 600, 0, 600) >= 0.3', true],
    ['LatencyAtQuantileMS(50.0) < 100', false],
    ['NetworkErrorRatio() > 1 || LatencyAtQuantileMS(50.0) > 100 && NetworkErrorRatio() < 1', true],
    ['(NetworkErrorRatio() > 1 || LatencyAtQuantileMS(50.0) > 100) && NetworkErrorRatio() > 1', false],
  ] as const)
    t.equal(compileCircuit(expression)(figures), expected, expression)
  for (const wrong of [
    '',
    'Latency() > 1',
    'NetworkErrorRatio > 1',
    'NetworkErrorRatio() 1',
    'NetworkErrorRatio(1) > 1',
    'NetworkErrorRatio() > x',
    'NetworkErrorRatio() > 1 )',
    'constructor() > 1',
  ])
    t.throws(() => compileCircuit(wrong), wrong)
  t.end()
})

t.test('figures are those of the last ten seconds', t => {
  let now = 0
  const figures = createRollingFigures(() => now)
  t.equal(figures.networkErrorRatio(), 0)
  for (let index = 0; index < 10; index++)
    figures.record({ status: index < 3 ? 502 : 200, networkError: index < 3, ms: index < 9 ? 10 : 1000 })
  t.equal(figures.networkErrorRatio(), 0.3)
  t.equal(figures.responseCodeRatio(500, 600, 0, 600), 0.3)
  t.ok(Math.abs(figures.latencyAtQuantileMs(50) - 10) < 1)
  t.ok(figures.latencyAtQuantileMs(100) > 900)
  now = 9000
  figures.record({ status: 200, networkError: false, ms: 1 })
  now = 10_500
  t.equal(figures.networkErrorRatio(), 0)
  t.end()
})

t.test('it opens, spares the service, tries it again and closes', async t => {
  let status = 500
  let asked = 0
  const { url: back } = await startServer(t, (_request, response) => {
    asked++
    response.writeHead(status).end()
  })
  let now = 0
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      "spare: { circuitBreaker: { expression: 'ResponseCodeRatio(500, 600, 0, 600) > 0.5', fallbackDuration: 10s, recoveryDuration: 10s } }",
      ['spare'],
    ),
    now: () => now,
  })
  const ask = async () => (await fetch(url)).status
  t.equal(await ask(), 500)
  now += 200
  t.equal(await ask(), 503, 'open')
  t.equal(asked, 1)
  status = 200
  now += 10_000
  t.equal(await ask(), 503, 'nobody passes at the very start of recovery')
  now += 8000
  const during = await Promise.all([ask(), ask(), ask(), ask()])
  t.ok(during.includes(200) && during.includes(503), 'then some do')
  now += 3000
  t.equal(await ask(), 200, 'closed')
})
