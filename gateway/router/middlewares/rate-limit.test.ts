import t from 'tap'
import { simpleRoute, startEcho, startTestRouter } from '../test-router.ts'
import { goDuration } from './rate-limit.ts'
import { createTokenBuckets } from './token-bucket.ts'

t.test('as many as the bucket holds at once, then as fast as it fills', t => {
  const buckets = createTokenBuckets({ perSecond: 2, burst: 3 })
  const delays = [0, 0, 0, 0].map(() => buckets.take('a', 1000))
  t.same(delays.slice(0, 3), [0, 0, 0])
  t.equal(delays[3], 500, 'the next token')
  t.ok((delays[3] ?? 0) > buckets.maxDelayMs, 'which is longer than anybody may wait: refused')
  t.equal(buckets.take('a', 1000), 500, 'a refusal takes nothing')
  t.equal(buckets.take('b', 1000), 0, 'another source has its own')
  t.equal(buckets.take('a', 1500), 0, 'half a second later there is one')
  t.equal(buckets.take('a', 100_000), 0)
  t.equal(buckets.take('a', 100_000), 0)
  t.equal(buckets.take('a', 100_000), 0)
  t.not(buckets.take('a', 100_000), 0, 'a bucket never holds more than its burst')
  t.end()
})

t.test('a source that pauses does not get a new burst: the bucket is only forgotten when it is full', t => {
  const buckets = createTokenBuckets({ perSecond: 1, burst: 60 })
  for (let taken = 0; taken < 60; taken++) buckets.take('a', 0)
  buckets.take('other', 10_000)
  let admitted = 0
  while (buckets.take('a', 10_000) === 0) admitted++
  t.equal(admitted, 10)
  t.end()
})

t.test('memory is bounded, and a clock that goes back gives nothing away', t => {
  const buckets = createTokenBuckets({ perSecond: 0.001, burst: 1, maxSources: 100 })
  for (let source = 0; source < 1000; source++) buckets.take(String(source), source)
  t.ok(buckets.size <= 100)
  const crowded = createTokenBuckets({ perSecond: 0.001, burst: 2, maxSources: 3 })
  for (const [second, source] of [...'abcacd'].entries()) crowded.take(source, second * 1001)
  for (const source of 'ac') t.not(crowded.take(source, 7000), 0, 'has spent its burst')
  t.equal(crowded.take('b', 7000), 0, 'who was silent for longest is forgotten')
  t.equal(crowded.size, 3)
  const other = createTokenBuckets({ perSecond: 1, burst: 1 })
  other.take('a', 10_000)
  t.not(other.take('a', 5000), 0)
  t.equal(createTokenBuckets({ perSecond: Number.POSITIVE_INFINITY, burst: 1 }).take('a', 0), 0)
  t.end()
})

t.test('beyond the limit 429 says when to come back, per source', async t => {
  const { url: back } = await startEcho(t)
  let now = 0
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      'limit: { rateLimit: { average: 60, period: 1m, burst: 2, sourceCriterion: { requestHeaderName: X-Auth-Subject } } }',
      ['limit'],
    ),
    now: () => now,
  })
  const ask = (subject: string) => fetch(url, { headers: { 'x-auth-subject': subject } })
  t.same([(await ask('a')).status, (await ask('a')).status], [200, 200])
  const refused = await ask('a')
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('retry-after'), '1')
  t.equal(refused.headers.get('x-retry-in'), '1s')
  t.equal(await refused.text(), 'Too Many Requests')
  t.equal((await ask('b')).status, 200)
  now += 1000
  t.equal((await ask('a')).status, 200)
  t.equal((await ask('a')).status, 429)
})

t.test('a token that is nearly there is given at once, and the next one comes no sooner', async t => {
  const { url: back } = await startEcho(t)
  let now = 0
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'limit: { rateLimit: { average: 1, period: 1s, burst: 1 } }', ['limit']),
    now: () => now,
  })
  const at = async (ms: number) => {
    now = ms
    return (await fetch(url)).status
  }
  t.same([await at(0), await at(400), await at(600)], [200, 429, 200], 'half of the time is enough')
  t.same([await at(1000), await at(1400), await at(1500), await at(2400)], [429, 429, 200, 429])
})

t.test("durations look like Go's", t => {
  t.equal(goDuration(592.5), '592.5ms')
  t.equal(goDuration(1200), '1.2s')
  t.equal(goDuration(60_500), '1m0.5s')
  t.equal(goDuration(0.25), '250µs')
  t.end()
})
