import t from 'tap'
import { createTurns } from './at-a-time.ts'

t.test('never more at a time than was said, also when somebody comes as another leaves', async t => {
  const turns = createTurns(2)
  let running = 0
  let most = 0
  const work = (more: number) =>
    turns(async () => {
      running += 1
      most = Math.max(most, running)
      await null
      running -= 1
      // Those who come now meet one who was woken and has not begun.
      if (more > 0) all.push(work(more - 1))
    })
  const all: Promise<void>[] = Array.from({ length: 6 }, () => work(5))
  for (const each of all) await each
  t.equal(most, 2)
  t.equal(all.length, 36)
})

t.test('work that fails gives its place on', async t => {
  const turns = createTurns(1)
  const first = turns(() => Promise.reject(new Error('no')))
  const second = turns(async () => 'yes')
  await t.rejects(first, { message: 'no' })
  t.equal(await second, 'yes')
})
