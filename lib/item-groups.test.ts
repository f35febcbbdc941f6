import t from 'tap'
import { createItemGroups } from './item-groups.ts'

t.test(
  'a bit stands for eight items, counted from 1 and the left, and every plan has the same length',
  async t => {
    const groups = createItemGroups()
    for (const item of [1, 8, 17]) groups.mark(0, item)
    groups.mark(2, 30)
    t.equal(groups.bits(0, 30), '1010')
    t.equal(groups.bits(1, 30), '0000', 'a plan without a rate')
    t.equal(groups.bits(2, 30), '0001')
    t.equal(groups.bits(0, 8), '1')
    t.equal(groups.bits(0, 0), '')
  },
)

t.test('it says for every item what was marked, however many there are', async t => {
  const groups = createItemGroups()
  const marked = new Set<number>()
  for (let item = 1; item <= 40_000; item += 1 + ((item * 7) % 23)) {
    groups.mark(5, item)
    marked.add((item - 1) >> 3)
  }
  const bits = groups.bits(5, 40_001) ?? ''
  t.equal(bits.length, 5_001)
  t.same(
    [...bits].flatMap((bit, group) => (bit === '1' ? [group] : [])),
    [...marked],
  )
})

t.test('beyond its memory it knows nothing, which is true as well', async t => {
  const groups = createItemGroups(200)
  groups.mark(0, 1)
  t.equal(groups.bits(0, 8), '1')
  groups.mark(0, 100_000)
  groups.mark(1, 1)
  t.equal(groups.bits(0, 8), null)
  t.equal(groups.bits(1, 8), null)
})
