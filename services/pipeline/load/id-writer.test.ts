import t from 'tap'
import { CopyBuffer } from './copy-buffer.ts'
import { IdWriter } from './id-writer.ts'

t.test('ids count up from the base, over every carry and into one digit more', async t => {
  for (const base of [2 ** 32, 999_999_990, 9_999_999_995, 2097151 * 2 ** 32, 30064771072]) {
    const out = new CopyBuffer(64)
    const ids = new IdWriter(base)
    for (let n = 0; n < 1200; n++) ids.next(out)
    t.same(
      out.bytes.toString('latin1', 0, out.length).split('\t').slice(0, -1),
      Array.from({ length: 1200 }, (_, n) => String(base + n + 1)),
      `from ${base}`,
    )
  }
})
