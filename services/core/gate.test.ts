import t from 'tap'
import { createGate, places } from './gate.ts'

const open = () => createGate({ ...places, refusal: () => new Error('full') })

t.test('two organisations that hold all they can get leave a place for a third', async t => {
  const enter = open()
  for (const organisation of ['a', 'a', 'b']) enter(organisation)
  for (const organisation of ['a', 'b'])
    t.throws(() => enter(organisation), { message: 'full' }, 'a second place only while half are free')
  t.doesNotThrow(() => enter('c'))
  t.throws(() => enter('d'), { message: 'full' })
})

t.test('each place is given back once', async t => {
  const enter = open()
  const [first, second] = [enter('a'), enter('a')]
  t.throws(() => enter('a'), { message: 'full' })
  first()
  first()
  const others = ['b', 'c', 'd'].map(enter)
  t.throws(() => enter('e'), { message: 'full' }, 'left twice is left once')
  for (const leave of [second, ...others]) leave()
  for (const organisation of ['a', 'a']) t.doesNotThrow(() => enter(organisation))
})
