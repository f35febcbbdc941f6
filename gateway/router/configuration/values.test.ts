import t from 'tap'
import { count, durationMs, flag, parseDurationMs, statusRanges, text } from './values.ts'

t.test('durations are those of Go, and a bare number means seconds', t => {
  for (const [given, ms] of [
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['100ms', 100],
    ['250us', 0.25],
    ['0', 0],
  ] as const)
    t.equal(parseDurationMs(given), ms, given)
  t.equal(durationMs.parse(5), 5000)
  t.equal(durationMs.parse('5'), 5000)
  for (const wrong of ['', 's', '1 m', '1x', 'ten', '-5s'])
    t.notOk(durationMs.safeParse(wrong).success, wrong)
  t.end()
})

t.test('numbers, booleans and text may be quoted or not', t => {
  t.equal(count.parse('12'), 12)
  t.notOk(count.safeParse('-1').success)
  t.notOk(count.safeParse('1.5').success)
  t.equal(flag.parse('true'), true)
  t.notOk(flag.safeParse('yes').success)
  t.equal(text.parse(8080), '8080')
  t.end()
})

t.test('statuses are single or ranges', t => {
  const test = statusRanges.parse(['429', '500-504'])
  t.same([428, 429, 499, 500, 504, 505].map(test), [false, true, false, true, true, false])
  t.notOk(statusRanges.safeParse(['5xx']).success)
  t.end()
})
