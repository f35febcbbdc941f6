import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createStore } from '@glimmr/dev/store/server'
import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { createS3Client } from '@glimmr/lib/s3'
import t, { type Test } from 'tap'
import { build } from '../server.ts'

const source = Buffer.concat([
  Buffer.from('head,\r\nrow é,1,"a\r\nb"\r\n'),
  Buffer.from([0xff, 0x00]),
  Buffer.alloc(300_000, 'x'),
  Buffer.from('deep row'),
])
const deep = source.length - 8

async function core(t: Test, { maxProofBytes = 1 << 20 } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'glimmr-core-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const keys = { accessKeyId: 'core-test', secretAccessKey: 'not a secret at all' }
  const store = await createStore({ dataDir, buckets: ['glimmr'], ...keys })
  const { url } = await store.listen(0)
  t.teardown(() => {
    store.server.closeAllConnections()
    return store.close()
  })
  const s3 = { endpoint: url, region: 'auto', bucket: 'glimmr', ...keys }
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  const service = await createTestService(t, {
    build: config => build({ ...config, s3, maxProofBytes }),
    role: 'glimmr_core',
  })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const put = (body: Buffer, key = 'object') =>
    client.send(new PutObjectCommand({ Bucket: 'glimmr', Key: key, Body: body }))
  /** A published file with one price, whose item stands at `offset`; answers the price's path. */
  const file = async (
    body: Buffer,
    { compression = 'none', offset = 7, length = 21, member = {} as object | null } = {},
  ) => {
    const { ETag } = await put(body)
    const rates = [{ payer: 'A', dollar: '1' }]
    const { file_id } = await seedFile(service.db.pool, {
      organisation,
      items: [{ codes: [['1', 'CPT']], charges: [{ rates }] }],
    })
    const { rows } = await service.db.pool.query<{ id: string }>(
      `insert into media.uploads (organisation_id, created_by, filename, content_type, size_bytes, object_key, status, etag, expires_at)
       values ($1, 'test', 'prices.csv', 'text/csv', $2, 'object-' || gen_random_uuid(), 'stored', $3, now()) returning id`,
      [organisation, body.length, ETag],
    )
    await service.db.pool.query(
      `update prices.files set upload_id = $2, object_key = 'object', size_bytes = $3, compression = $4, member = $5 where id = $1`,
      [file_id, rows[0]?.id, body.length, compression, compression === 'zip' ? JSON.stringify(member) : null],
    )
    await service.db.pool.query(
      'update prices.items set byte_offset = $2, byte_length = $3 where file_id = $1',
      [file_id, offset, length],
    )
    const { prices } = (await service.call('/v1/core/prices?code=1', { organisation })).json()
    return `/v1/core/prices/${prices.find((price: { file: { id: number } }) => price.file.id === file_id).id}/proof`
  }
  const get = (path: string) => service.call(path, { organisation })
  return { ...service, organisation, client, put, file, get }
}

t.test('a proof is the very bytes, with where they stand', async t => {
  const { file, get } = await core(t)
  const path = await file(source, { offset: 7, length: 25 })
  const answer = await get(path)
  t.equal(answer.statusCode, 200)
  t.same(answer.rawPayload, source.subarray(7, 32))
  t.match(answer.headers, {
    'content-type': 'application/octet-stream',
    'content-length': '25',
    'glimmr-byte-offset': '7',
    'glimmr-byte-length': '25',
    'glimmr-row': '4',
    'glimmr-file-sha256': /^[0-9a-f]{64}$/,
    'x-content-type-options': 'nosniff',
  })
  const json = (await get(`${path}?format=json`)).json()
  t.match(json, { byte_offset: 7, byte_length: 25, text: null, row: 4, item_row: 4 })
  t.same(Buffer.from(json.base64, 'base64'), source.subarray(7, 32))
  t.equal(json.sha256, createHash('sha256').update(source.subarray(7, 32)).digest('hex'))
})

t.test('rows of gzip and zip are read through them, stored members by their range', async t => {
  const { file, get } = await core(t)
  const gz = await file(gzipSync(source), { compression: 'gzip', offset: deep, length: 8 })
  t.same((await get(gz)).body, 'deep row')
  t.equal((await get(`${gz}?format=json`)).json().text, 'deep row')
  const stored = Buffer.concat([Buffer.from('PK header'), source, Buffer.from('directory')])
  const zip = await file(stored, {
    compression: 'zip',
    offset: deep,
    length: 8,
    member: { name: 'a', start: 9, bytes: source.length, method: 'store' },
  })
  t.same((await get(zip)).body, 'deep row')
  const raw = gzipSync(source).subarray(10, -8)
  const deflated = Buffer.concat([Buffer.from('PK header'), raw, Buffer.from('directory')])
  const member = { name: 'a', start: 9, bytes: raw.length, method: 'deflate' }
  t.same(
    (await get(await file(deflated, { compression: 'zip', offset: deep, length: 8, member }))).body,
    'deep row',
  )
})

t.test(
  'an object that is gone, replaced or damaged is refused with the reason, before a byte is sent',
  async t => {
    const { file, get, put, client } = await core(t)
    const path = await file(source)
    await put(Buffer.alloc(source.length, 'y'))
    t.match((await get(path)).json(), { status: 409, detail: /not the one that was loaded.*replaced/ })
    await put(Buffer.from('short'))
    t.match((await get(path)).json(), { status: 409 })
    await client.send(new DeleteObjectCommand({ Bucket: 'glimmr', Key: 'object' }))
    t.match((await get(path)).json(), { status: 410, detail: /not in the store any more/ })
    const cut = await file(gzipSync(source).subarray(0, 200), {
      compression: 'gzip',
      offset: deep,
      length: 8,
    })
    t.match((await get(cut)).json(), { status: 409, detail: /damaged/ })
  },
)

t.test('work is bounded: deep rows of compressed files and large documents are refused', async t => {
  const { file, get } = await core(t, { maxProofBytes: 1000 })
  const far = await file(gzipSync(source), { compression: 'gzip', offset: deep, length: 8 })
  t.match((await get(far)).json(), { status: 422, detail: /bytes into a compressed file/ })
  const near = await file(gzipSync(source), { compression: 'gzip', offset: 7, length: 8 })
  t.equal((await get(near)).statusCode, 200)
  const large = await file(Buffer.alloc(2 << 20, 'z'), { offset: 0, length: 2 << 20 })
  t.match((await get(`${large}?format=json`)).json(), { status: 422, detail: /format=bytes/ })
  t.equal((await get(large)).rawPayload.length, 2 << 20)
})

t.test('what has no bytes to show says so, and a proof needs core:read', async t => {
  const { db, file, get, call, organisation } = await core(t)
  const path = await file(source)
  t.equal((await call(path, undefined)).statusCode, 401)
  t.equal((await call(path, { organisation, scopes: ['links:read'] })).statusCode, 403)
  for (const id of ['1-1', '9999999999999999-0'])
    t.equal((await get(`/v1/core/prices/${id}/proof`)).statusCode, 404)
  t.equal((await get('/v1/core/prices/x/proof')).statusCode, 400)
  t.equal((await get(`${path}?format=pdf`)).statusCode, 400)
  await db.pool.query('update prices.files set object_key = null')
  t.match((await get(path)).json(), { status: 410, detail: /never stored/ })
  await db.pool.query("update prices.files set status = 'rejected'")
  t.equal((await get(path)).statusCode, 404, 'nor of a file that was never published')
})

t.test('without a store the rest works and a proof is a 503', async t => {
  const { call, db } = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(db.pool, 'Own')
  await seedFile(db.pool, { organisation, items: [{ codes: [['1', 'CPT']], charges: [{ gross: '1' }] }] })
  const { prices } = (await call('/v1/core/prices?code=1', { organisation })).json()
  t.match((await call(`/v1/core/prices/${prices[0].id}/proof`, { organisation })).json(), {
    status: 503,
    detail: /object store/,
  })
})
