import { createRandom } from '@glimmr/dev/price-files/random'
import t from 'tap'
import { ByteIndex } from './byte-index.ts'

t.test('an index of bytes agrees with a map of strings, whatever the lengths, places and seeds', async t => {
  const random = createRandom(1)
  const index = new ByteIndex(16)
  const map = new Map<string, number>()
  let wrong = 0
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random.below(14) }, () => 'abé\0'[random.below(4)]).join('')
    const bytes = Buffer.from(`${'x'.repeat(random.below(7))}${text}y`)
    const end = bytes.length - 1
    const start = end - Buffer.byteLength(text)
    const seed = random.below(3)
    const key = `${seed} ${text}`
    const found = index.find(bytes, start, end, seed)
    if (found !== (map.get(key) ?? -1)) wrong++
    if (found >= 0) continue
    index.add(bytes, start, end, map.size, seed)
    map.set(key, map.size)
  }
  t.equal(wrong, 0)
  t.equal(index.size, map.size)
  index.clear()
  t.equal(index.find(Buffer.from('ab'), 0, 2), -1)
})
