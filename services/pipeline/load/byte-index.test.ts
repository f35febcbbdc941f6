import { createRandom } from '@glimmr/dev/price-files/random'
import t from 'tap'
import { meeting } from '../test-keys.ts'
import { ByteIndex } from './byte-index.ts'

for (const ordered of [false, true])
  t.test(
    `an index of bytes agrees with a map of strings, ${ordered ? 'asked in order' : 'whatever the order'}`,
    async t => {
      const random = createRandom(1)
      const index = new ByteIndex({ arenaBytes: 16, ordered })
      const map = new Map<string, number>()
      let wrong = 0
      const ask = (text: string, seed: number) => {
        const bytes = Buffer.from(`${'x'.repeat(random.below(7))}${text}y`)
        const end = bytes.length - 1
        const start = end - Buffer.byteLength(text)
        const key = `${seed} ${text}`
        const found = index.find(bytes, start, end, seed)
        if (found !== (map.get(key) ?? -1)) wrong++
        if (found >= 0) return
        index.add(bytes, start, end, map.size, seed)
        map.set(key, map.size)
      }
      const texts = () => Array.from({ length: random.below(14) }, () => 'abé\0'[random.below(4)]).join('')
      for (let round = 0; round < 20_000; round++) ask(texts(), random.below(3))
      const again = Array.from({ length: 50 }, texts)
      for (let round = 0; round < 100; round++) for (const text of again) ask(text, round % 2)
      t.equal(wrong, 0)
      t.equal(index.size, map.size)
      index.clear()
      t.equal(index.find(Buffer.from('ab'), 0, 2), -1)
    },
  )

t.test('keys that were chosen to meet in one slot are forgotten, not searched one by one', t => {
  const index = new ByteIndex()
  const keys = Array.from({ length: 20_000 }, (_, n) => meeting(n))
  for (const [value, key] of keys.entries()) if (index.find(key, 0, 8) < 0) index.add(key, 0, 8, value)
  t.ok(index.size <= 64, `${index.size} of 20000 are kept`)
  t.ok(keys.every((key, n) => [-1, n].includes(index.find(key, 0, 8))))
  index.find(Buffer.from('an honest key'), 0, 13)
  index.add(Buffer.from('an honest key'), 0, 13, 7)
  t.equal(index.find(Buffer.from('an honest key'), 0, 13), 7)
  t.end()
})
