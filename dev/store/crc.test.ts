import t from 'tap'
import { type Crc, createCrc32, createCrc32c, createCrc64Nvme } from './crc.ts'

const hex = (crc: Crc, text: string, step = 1) => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += step) crc.update(bytes.subarray(at, at + step))
  return crc.digest().toString('hex')
}

t.test(
  'the checks of "123456789" are those of the catalogue of CRC algorithms, in one piece or byte by byte',
  async t => {
    for (const step of [1, 4, 9]) {
      t.equal(hex(createCrc32(), '123456789', step), 'cbf43926')
      t.equal(hex(createCrc32c(), '123456789', step), 'e3069283')
      t.equal(hex(createCrc64Nvme(), '123456789', step), 'ae8b14860a799888')
    }
  },
)

t.test('nothing has the check zero', async t => {
  t.equal(hex(createCrc32(), ''), '00000000')
  t.equal(hex(createCrc32c(), ''), '00000000')
  t.equal(hex(createCrc64Nvme(), ''), '0000000000000000')
})
