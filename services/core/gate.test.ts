import t from 'tap'
import { createGate } from './gate.ts'

t.test('one organisation cannot take the places of all, and each place is given back once', async t => {
  const enter = createGate({ most: 3, mostEach: 2, refusal: () => new Error('full') })
  const [first, second] = [enter('a'), enter('a')]
  t.throws(() => enter('a'), { message: 'full' })
  const other = enter('b')
  t.throws(() => enter('c'), { message: 'full' })
  first()
  first()
  const third = enter('c')
  t.throws(() => enter('a'), { message: 'full' }, 'left twice is left once')
  for (const leave of [second, other, third]) leave()
  t.doesNotThrow(() => enter('a'))
})
