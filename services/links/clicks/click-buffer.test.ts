import t from 'tap'
import { type Click, createClickBuffer } from './click-buffer.ts'

const visitor = (n: number) => Buffer.alloc(16, n)
const click = (n: number, link_id = '1') => ({ link_id, day: '2026-06-01', visitor: visitor(n) })

function sum(batches: Click[][]): number {
  return batches.flat().reduce((total, { clicks }) => total + clicks, 0)
}

t.test('the same link, day and visitor are one entry with a count', async t => {
  const batches: Click[][] = []
  const buffer = createClickBuffer({
    write: async batch => void batches.push(batch),
    flushMs: 60_000,
    capacity: 10,
    onError: () => {},
  })
  for (let n = 0; n < 5; n++) await buffer.add(click(1))
  await buffer.add(click(2))
  await buffer.add(click(1, '2'))
  await buffer.close()
  t.same(batches, [
    [
      { ...click(1), clicks: 5 },
      { ...click(2), clicks: 1 },
      { ...click(1, '2'), clicks: 1 },
    ],
  ])
})

t.test('writing an empty buffer does nothing, and it works on', async t => {
  const batches: Click[][] = []
  const buffer = createClickBuffer({
    write: async batch => void batches.push(batch),
    flushMs: 60_000,
    capacity: 1,
    onError: () => {},
  })
  await buffer.flush()
  await buffer.add(click(1))
  await buffer.add(click(2))
  await buffer.close()
  await buffer.close()
  t.equal(batches.length, 2)
})

t.test('a full buffer is written before it takes another, however many come at once', async t => {
  const batches: Click[][] = []
  let writing = 0
  const write = async (batch: Click[]) => {
    t.equal(++writing, 1, 'one batch at a time')
    t.ok(batch.length <= 4, `${batch.length} entries`)
    await new Promise(setImmediate)
    batches.push(batch)
    writing--
  }
  const buffer = createClickBuffer({ write, flushMs: 60_000, capacity: 4, onError: () => {} })
  await Promise.all(Array.from({ length: 200 }, (_, n) => buffer.add(click(n % 256))))
  await buffer.close()
  t.equal(sum(batches), 200)
})

t.test('a batch that cannot be written is not lost, and nothing is counted twice', async t => {
  const batches: Click[][] = []
  let failures = 3
  const write = async (batch: Click[]) => {
    await new Promise(setImmediate)
    if (failures-- > 0) throw new Error('database away')
    batches.push(structuredClone(batch))
  }
  const buffer = createClickBuffer({ write, flushMs: 60_000, capacity: 3, onError: () => {} })
  await buffer.add(click(1))
  const failing = buffer.flush()
  await buffer.add(click(1))
  await buffer.add(click(2))
  await t.rejects(failing, { message: 'database away' })
  await buffer.add(click(3))
  await t.rejects(buffer.add(click(4)), { message: 'database away' }, 'full, and it cannot be counted')
  await t.rejects(buffer.flush())
  await buffer.add(click(5))
  await buffer.close()
  t.equal(sum(batches), 5)
})

t.test('the clock writes what is held, and tells of a failure', async t => {
  const errors: unknown[] = []
  let written: (batch: Click[]) => void
  const done = new Promise<Click[]>(resolve => {
    written = resolve
  })
  let failures = 1
  const buffer = createClickBuffer({
    write: async batch => {
      if (failures-- > 0) throw new Error('once')
      written(batch)
    },
    flushMs: 1,
    capacity: 10,
    onError: error => errors.push(error),
  })
  await buffer.add(click(1))
  // The buffer's own timer does not keep the process alive.
  const alive = setInterval(() => {}, 1_000)
  t.equal((await done).length, 1)
  clearInterval(alive)
  t.match(errors, [{ message: 'once' }])
  await buffer.close()
})
