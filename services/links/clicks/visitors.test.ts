import t from 'tap'
import { createVisitorHash, isClick } from './visitors.ts'

t.test('a visitor is the same through a day and another one the next; nothing tells the address', async t => {
  const visitorAt = createVisitorHash()
  const at = (time: string) => visitorAt('203.0.113.9', 'Firefox', new Date(time))
  const morning = at('2026-06-01T00:00:00Z')
  t.same(at('2026-06-01T23:59:59.999Z'), morning)
  t.equal(morning.day, '2026-06-01')
  t.equal(morning.visitor.length, 16)
  const next = at('2026-06-02T00:00:00Z')
  t.equal(next.day, '2026-06-02')
  t.notSame(next.visitor, morning.visitor)
  t.notSame(visitorAt('203.0.113.9', 'Safari', new Date('2026-06-02T00:00:00Z')).visitor, next.visitor)
  t.notSame(visitorAt('203.0.113.8', 'Firefox', new Date('2026-06-02T00:00:00Z')).visitor, next.visitor)
  t.notSame(
    createVisitorHash()('203.0.113.9', 'Firefox', new Date('2026-06-02T00:00:00Z')).visitor,
    next.visitor,
    'each process has a salt of its own',
  )
})

t.test('only people count', async t => {
  t.ok(
    isClick('GET', {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    }),
  )
  t.ok(isClick('GET', {}))
  t.ok(isClick('GET', { 'user-agent': 'curl/8.5.0' }))
  t.notOk(isClick('HEAD', {}))
  t.notOk(isClick('GET', { 'sec-purpose': 'prefetch;prerender' }))
  for (const agent of [
    'Slackbot-LinkExpanding 1.0',
    'facebookexternalhit/1.1',
    'WhatsApp/2.23',
    'Googlebot/2.1',
    'Twitterbot/1.0',
  ])
    t.notOk(isClick('GET', { 'user-agent': agent }), agent)
})
