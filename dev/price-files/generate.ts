/** Price files of any size, made as they are read: the same options give the same bytes. */
import { tallLayout, wideLayout } from './csv.ts'
import { hospitalOf } from './hospital.ts'
import { makeItem } from './items.ts'
import { jsonLayout } from './json.ts'
import { plansOf } from './plans.ts'
import { createRandom } from './random.ts'

export type PriceFile = {
  layout: 'tall' | 'wide' | 'json'
  /** At least; the file ends with the item that reaches it. */
  sizeBytes: number
  /** From 0. Stands for a hospital, too: files of different seeds do not take each other's place. */
  seed: number
  /** Payer-plans; default 40. */
  plans?: number
}

const chunkBytes = 1 << 20

/** The bytes of the file in chunks of a megabyte or so. UTF-8 without a mark, LF. */
export function* priceFile({ layout, sizeBytes, seed, plans: count = 40 }: PriceFile): Generator<Buffer> {
  const random = createRandom(seed)
  const plans = plansOf(count)
  const hospital = hospitalOf(seed)
  const { head, item, separator, tail } =
    layout === 'json'
      ? jsonLayout(hospital, plans)
      : { ...(layout === 'tall' ? tallLayout : wideLayout)(hospital, plans), separator: '', tail: '' }
  let text = head
  let written = 0
  for (let first = true; ; first = false) {
    text += `${first ? '' : separator}${item(makeItem(random, count))}`
    // Letters beyond ASCII are rare: characters are near enough to bytes until a chunk is made.
    const last = written + text.length + tail.length >= sizeBytes
    if (last) text += tail
    if (!last && text.length < chunkBytes) continue
    const chunk = Buffer.from(text)
    written += chunk.length
    text = ''
    yield chunk
    if (last) return
  }
}

/** `300MB`, `10GB`, `64kB` or bytes → bytes, by thousands. */
export function readSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*(k|m|g)?b?$/i.exec(text.trim()) ?? []
  if (!digits) return undefined
  return Math.round(
    Number(digits) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase() as '' | 'k' | 'm' | 'g'],
  )
}
