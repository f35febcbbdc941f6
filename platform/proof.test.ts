import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { aJsonItem, anItem, csv, json, wideHeaders } from '@glimmr/pipeline/test-files'
import t from 'tap'
import { createProver } from './test-proofs.ts'

const odd = ['plain', 'two\nlines', 'with "quotes", and commas', 'é and ½', '  spaces  ', 'x'.repeat(3000)]

/** Tall: each item has one to four rows; wide and JSON: the same in their own ways. */
const items = Array.from({ length: 60 }, (_, n) => ({
  ...anItem,
  description: `${odd[n % odd.length]} ${n}`,
  'code|1': String(10_000 + n),
  'standard_charge|gross': `${100 + n}.50`,
}))
const tall = csv(
  items.flatMap((item, n) =>
    Array.from({ length: 1 + (n % 4) }, (_, plan) => ({
      ...item,
      plan_name: `Plan ${plan}`,
      'standard_charge|negotiated_dollar': `${n}.${plan}1`,
    })),
  ),
  { newline: '\r\n' },
)
const pairs = ['Acme|PPO', 'Acme|HMO', 'Other|All']
const wide = csv(
  items.map((item, n) => ({
    ...item,
    ...Object.fromEntries(
      pairs.slice(0, n % 4).map(pair => [`standard_charge|${pair}|negotiated_dollar`, `${n}.25`]),
    ),
  })),
  { headers: wideHeaders(pairs) },
)
const elements = json(items.map((item, n) => ({ ...aJsonItem, description: item.description.trim(), n })))

/** A zip of one member, as any tool writes it. */
function zip(bytes: Buffer): Buffer {
  const packed = deflateRawSync(bytes)
  const name = Buffer.from('prices.csv')
  const fields = Buffer.alloc(26)
  for (const [at, value] of [
    [0, 20],
    [4, 8],
  ] as const)
    fields.writeUInt16LE(value, at)
  for (const [at, value] of [
    [10, crc32(bytes)],
    [14, packed.length],
    [18, bytes.length],
  ] as const)
    fields.writeUInt32LE(value, at)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, packed])
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), fields, Buffer.alloc(14), name])
  const end = Buffer.alloc(18)
  for (const at of [4, 6]) end.writeUInt16LE(1, at)
  for (const [at, value] of [
    [8, central.length],
    [12, local.length],
  ] as const)
    end.writeUInt32LE(value, at)
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end])
}

const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])

t.test('random prices of every layout, encoding and container are proved by their bytes', async t => {
  const { prove } = await createProver(t)
  const same = (bytes: Buffer) => bytes
  const cases: [name: string, source: Buffer, store: (bytes: Buffer) => Buffer][] = [
    ['tall', Buffer.from(tall), same],
    ['tall, gzip', Buffer.from(tall), bytes => gzipSync(bytes)],
    ['tall, zip', Buffer.from(tall), zip],
    ['tall, UTF-16', utf16(tall), same],
    ['tall, Windows-1252', Buffer.from(tall, 'latin1'), same],
    ['tall with a byte order mark', Buffer.from(`\ufeff${tall}`), same],
    ['wide', Buffer.from(wide), same],
    ['wide, gzip', Buffer.from(wide), bytes => gzipSync(bytes)],
    ['JSON', Buffer.from(elements), same],
    ['JSON, zip', Buffer.from(elements), zip],
  ]
  for (const [name, source, store] of cases) {
    const { proved, wrong } = await prove(store(source), source, 50)
    t.same(wrong.slice(0, 3), [], name)
    t.equal(proved, 50, name)
  }
})
