/** rateLimit over the real Redis of the system's packages. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFreePort, whenSaid } from '@glimmr/dev/server-ports'
import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startEcho, startTestRouter, statusOf } from '../test-router.ts'

const present = spawnSync('redis-server', ['--version']).status === 0
const skip = present ? false : 'SKIPPED: there is no redis-server here (apt-get install redis-server)'
type Tap = { teardown(handler: () => unknown): void }

async function startRedis(t: Tap): Promise<{ port: number; child: ChildProcess }> {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-redis-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const options = ['--save', '', '--appendonly', 'no', '--requirepass', 'secret', '--dir', folder]
  return onFreePort(async port => {
    const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', ...options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    await whenSaid(child, /Ready to accept connections/, 20_000)
    return { port, child }
  })
}

const limited = (url: string, redis: number, limit: string) =>
  simpleRoute(
    url,
    `limit: { rateLimit: { ${limit}, sourceCriterion: { requestHeaderName: X-Source }, redis: { endpoints: ["127.0.0.1:${redis}"], password: secret, dialTimeout: 300ms, readTimeout: 300ms } } }`,
    ['limit'],
  )

const ask = async (port: number, source: string) => sendRaw(port, rawRequest('/', [`X-Source: ${source}`]))

t.test('two gateways with one Redis give one limit together', { skip }, async t => {
  const { port } = await startRedis(t)
  const { url } = await startEcho(t)
  const dynamic = limited(url, port, 'average: 1, period: 1h, burst: 5')
  const [one, other] = [await startTestRouter(t, { dynamic }), await startTestRouter(t, { dynamic })]
  const seen: number[] = []
  for (let index = 0; index < 8; index++)
    seen.push(statusOf(await ask(index % 2 === 0 ? one.port : other.port, 'a')))
  t.same(seen, [200, 200, 200, 200, 200, 429, 429, 429])
  const refused = await ask(one.port, 'a')
  t.match(refused, /retry-after: 3[56]\d\d/i)
  t.match(refused, /x-retry-in: 59m5\d/i)
  t.equal(statusOf(await ask(other.port, 'b')), 200, 'another source has a bucket of its own')
})

t.test('tokens come back with time, as in memory', { skip }, async t => {
  const { port } = await startRedis(t)
  const { url } = await startEcho(t)
  const { port: gateway } = await startTestRouter(t, { dynamic: limited(url, port, 'average: 20, burst: 1') })
  const started = performance.now()
  let admitted = 0
  while (performance.now() - started < 1000) if (statusOf(await ask(gateway, 'a')) === 200) admitted++
  t.ok(admitted >= 15 && admitted <= 23, `${admitted} in a second of 20 a second`)
})

t.test(
  'without Redis nobody is let through unlimited, and it is used again when it is back',
  { skip },
  async t => {
    const { port, child } = await startRedis(t)
    const { url } = await startEcho(t)
    const { port: gateway, lines } = await startTestRouter(t, {
      dynamic: limited(url, port, 'average: 100, burst: 100'),
    })
    t.equal(statusOf(await ask(gateway, 'a')), 200)
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const answer = await ask(gateway, 'a')
    t.equal(statusOf(answer), 500)
    t.match(answer, /Could not insert\/update bucket/)
    t.ok(lines.some(({ level, message }) => level === 'error' && message === 'rateLimit: no verdict'))
    t.notMatch(JSON.stringify(lines), /secret/)
  },
)
