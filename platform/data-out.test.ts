import { readFile } from 'node:fs/promises'
import t from 'tap'
import { type Page, sample, testPlatform } from './test-platform.ts'

t.test('what was uploaded comes out again through the gateway: rows, bytes and whole files', async t => {
  const platform = await testPlatform(t).start()
  t.teardown(() => platform.stop())
  const { gateway_url: gateway, keys } = platform.file
  const get = (path: string) =>
    fetch(gateway + path, { headers: { authorization: `Bearer ${keys.partner}` } })
  const { files } = (await (await get('/v1/core/files?layout=tall')).json()) as {
    files: { id: number; sha256: string }[]
  }
  const [file] = files
  const csv = await (await get(`/v1/core/files/${file?.id}/export?format=csv`)).text()
  const lines = (await (await get(`/v1/core/files/${file?.id}/export?format=ndjson`)).text())
    .trim()
    .split('\n')
  t.ok(lines.length > 10)
  t.ok(csv.split('\r\n').length > lines.length)
  const parquet = Buffer.from(
    await (await get(`/v1/core/files/${file?.id}/export?format=parquet`)).arrayBuffer(),
  )
  t.same([parquet.subarray(0, 4).toString(), parquet.subarray(-4).toString()], ['PAR1', 'PAR1'])
  const source = await readFile(sample)
  for (const line of lines.slice(0, 5)) {
    const price = JSON.parse(line)
    const proof = await get(`/v1/core/prices/${price.price_id}/proof`)
    const offset = Number(proof.headers.get('glimmr-byte-offset'))
    const bytes = Buffer.from(await proof.arrayBuffer())
    t.ok(bytes.length > 0)
    t.same(bytes, source.subarray(offset, offset + bytes.length))
    t.ok(bytes.includes(price.description.slice(0, 10)))
  }
  const { prices } = (await (
    await get(`/v1/core/prices?code=${JSON.parse(lines[0] ?? '{}').code}&as_of=9999-12-31`)
  ).json()) as Page
  t.ok(prices.length > 0)
})
