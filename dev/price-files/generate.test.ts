import { createHash } from 'node:crypto'
import t from 'tap'
import { type PriceFile, priceFile, readSize } from './generate.ts'

const layouts = ['tall', 'wide', 'json'] as const

function whole(file: PriceFile): Buffer {
  return Buffer.concat([...priceFile(file)])
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

t.test('the same seed gives the same bytes, another seed others', async t => {
  for (const layout of layouts) {
    const file = { layout, sizeBytes: 300_000, seed: 1 }
    t.equal(hash(whole(file)), hash(whole(file)))
    t.not(hash(whole(file)), hash(whole({ ...file, seed: 2 })))
  }
})

t.test('the bytes of a seed do not change from version to version', async t => {
  t.same(
    layouts.map(layout => hash(whole({ layout, sizeBytes: 50_000, seed: 7, plans: 5 })).slice(0, 12)),
    ['1bfc12de757d', '43c4ce8bfdb5', '5e96c07f9151'],
  )
})

t.test('a file is as large as asked for, its last item whole', async t => {
  for (const layout of layouts) {
    for (const sizeBytes of [1, 100_000, 2_500_000]) {
      const bytes = whole({ layout, sizeBytes, seed: 3 })
      t.ok(bytes.length >= sizeBytes * 0.99 && bytes.length < sizeBytes + 40_000, `${layout} of ${sizeBytes}`)
      if (layout === 'json') t.ok(JSON.parse(bytes.toString()).standard_charge_information.length > 0)
      else t.equal(bytes.at(-1), 0x0a)
    }
  }
})

t.test('every plan has columns of its own in the wide layout, and no two plans are equal', async t => {
  const lines = whole({ layout: 'wide', sizeBytes: 20_000, seed: 1, plans: 413 }).toString().split('\n')
  const columns = (lines[2] ?? '').match(/"[^"]*"|[^,]+/g) ?? []
  t.equal(columns.length, 13 + 9 * 413 + 3)
  t.equal(new Set(columns).size, columns.length)
})

t.test('sizes are read by thousands', async t => {
  t.same(['10GB', '300MB', '64 kB', '1.5g', '77'].map(readSize), [10e9, 300e6, 64e3, 1.5e9, 77])
  t.same(['', 'GB', '-1', '10TB', '1e9'].map(readSize), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
