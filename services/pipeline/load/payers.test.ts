import { liveBufferBytes } from '@glimmr/dev/live-memory'
import t from 'tap'
import { cellText } from '../scan/encoding.ts'
import { Refusal } from '../source/refusal.ts'
import { meeting } from '../test-keys.ts'
import { createPayers, nameBytes, type Payers } from './payers.ts'

/** The pair of two cells of a CSV record, written with or without quotes. */
function pairOf(payers: Payers, payer: string, plan: string, quoted = false) {
  const mark = quoted ? '"' : ''
  const bytes = Buffer.from(`x,${mark}${payer}${mark},${mark}${plan}${mark},1`)
  const payerStart = 2 + mark.length
  const payerEnd = payerStart + Buffer.byteLength(payer)
  const planStart = payerEnd + 1 + 2 * mark.length
  return payers.find(bytes, payerStart, payerEnd, planStart, planStart + Buffer.byteLength(plan))
}

t.test('the same names are the same pair, with quotes or without', async t => {
  const payers = createPayers()
  const pair = pairOf(payers, 'Aetna', 'PPO')
  t.equal(pairOf(payers, 'Aetna', 'PPO'), pair)
  t.equal(pairOf(payers, 'Aetna', 'PPO', true), pair)
  t.equal(payers.named('Aetna', 'PPO'), pair)
  t.match(pairOf(payers, 'Aetna', ''), { payer: 'Aetna', plan: null })
})

t.test('what a comma could tell otherwise is told apart', async t => {
  const payers = createPayers()
  t.match(pairOf(payers, 'A', 'B,C', true), { payer: 'A', plan: 'B,C' })
  t.match(pairOf(payers, 'A,B', 'C', true), { payer: 'A,B', plan: 'C' })
  t.match(pairOf(payers, 'A', 'B'), { payer: 'A', plan: 'B' })
  t.match(pairOf(payers, 'AB', ''), { payer: 'AB', plan: null })
  t.match(pairOf(payers, '', 'AB'), { payer: '', plan: 'AB' })
  t.equal(payers.all().length, 5)
})

t.test('payers whose names were chosen to have one hash are told apart', async t => {
  const payers = createPayers()
  for (let round = 0; round < 2; round++)
    for (let n = 1; n <= 300; n++) {
      const bytes = Buffer.concat([meeting(n), Buffer.alloc(40, ' '), Buffer.from('PPO')])
      const { payer } = payers.find(bytes, 0, 8, 48, 51)
      if (payer !== cellText(bytes, 0, 8)) t.fail(`${n} is taken for ${payer}`)
    }
  t.ok(payers.all().length > 250)
})

t.test('names that differ beyond the cut are one, and take no memory', async t => {
  const payers = createPayers()
  const bytes = Buffer.alloc(3002, 'x')
  bytes[3000] = 0x2c
  const before = liveBufferBytes()
  for (let number = 0; number < 10_000; number++) {
    bytes.writeUInt32BE(0x61616161 + number, 2000)
    payers.find(bytes, 0, 3000, 3001, 3002)
  }
  t.ok(liveBufferBytes() - before < 8 << 20, 'of 30 MB of names')
  t.equal(payers.all().length, 1)
  t.equal(payers.all()[0]?.payer.length, nameBytes)
})

t.test('a file whose payers are no names is refused before they fill the memory', async t => {
  const payers = createPayers()
  t.throws(() => {
    for (let number = 0; number < 20_000; number++) payers.named(`${number} ${'x'.repeat(900)}`, null)
  }, Refusal)
  t.ok(payers.all().length < 10_000)
})
