import t from 'tap'
import { createFreshRecords } from './fresh-records.ts'
import { Refusal } from './refusals.ts'

function setUp() {
  const clock = { ms: 0 }
  const known = new Map([['a', 1]])
  const asked: string[][] = []
  const state = { away: false, errors: 0 }
  const records = createFreshRecords<number>({
    now: () => clock.ms,
    onError: () => void state.errors++,
    find: async ids => {
      asked.push(ids)
      if (state.away) throw new Error('away')
      return new Map(ids.flatMap(id => (known.has(id) ? [[id, known.get(id) ?? 0] as const] : [])))
    },
  })
  return { records, clock, known, asked, state }
}

t.test('a record in use answers at once and is never older than five seconds', async t => {
  const { records, clock, known, asked } = setUp()
  t.equal(await records.get('a'), 1)
  known.set('a', 2)
  clock.ms = 2000
  t.equal(records.get('a'), 1, 'no promise, no question')
  t.equal(asked.length, 1)
  clock.ms = 4000
  t.equal(records.get('a'), 1, 'asked in the background')
  await new Promise(setImmediate)
  t.equal(records.get('a'), 2)
  known.set('a', 3)
  clock.ms = 9000
  t.equal(await records.get('a'), 3, 'after five seconds the answer waits for the news')
  known.delete('a')
  clock.ms = 14_000
  t.equal(await records.get('a'), undefined)
})

t.test('one statement asks for all that are in use, and not for those of a minute ago', async t => {
  const { records, clock, known, asked } = setUp()
  for (const id of ['b', 'c', 'd']) known.set(id, 1)
  await records.get('a')
  clock.ms = 59_000
  for (const id of ['b', 'c', 'd']) await records.get(id)
  clock.ms = 62_000
  records.get('b')
  await new Promise(setImmediate)
  t.same(asked.at(-1)?.sort(), ['b', 'c', 'd'])
})

t.test('many who ask at once, and who ask for nothing again and again, are one question', async t => {
  const { records, clock, asked } = setUp()
  await Promise.all(Array.from({ length: 100 }, () => records.get('a')))
  t.equal(asked.length, 1)
  for (let turn = 0; turn < 100; turn++) t.equal(await records.get('nobody'), undefined)
  t.equal(asked.length, 2)
  clock.ms = 5000
  await records.get('nobody')
  t.equal(asked.length, 3, 'after five seconds it may have been made')
})

t.test('while the database is away what is known serves a minute; the rest is unavailable', async t => {
  const { records, clock, state } = setUp()
  await records.get('a')
  state.away = true
  clock.ms = 50_000
  t.equal(await records.get('a'), 1)
  await t.rejects(async () => records.get('b'), { message: new Refusal('unavailable').message })
  clock.ms = 61_000
  await t.rejects(async () => records.get('a'), { message: new Refusal('unavailable').message })
  t.ok(state.errors >= 2)
  state.away = false
  t.equal(await records.get('a'), 1)
  t.equal(await records.get('b'), undefined, 'a failed question is not remembered as an answer')
})

t.test('neither records nor ids of nothing grow without end', async t => {
  const { records, known, asked } = setUp()
  for (let id = 0; id < 20_050; id++) {
    known.set(`k${id}`, id)
    await records.get(`k${id}`)
  }
  for (let id = 0; id < 10_050; id++) await records.get(`n${id}`)
  const before = asked.length
  await records.get('k20049')
  await records.get('n10049')
  t.equal(asked.length, before, 'the last ones are known')
  await records.get('k0')
  await records.get('n0')
  t.equal(asked.length, before + 2, 'the first ones were let go')
})
