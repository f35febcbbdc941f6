import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { as, jobsIn, sha256Of, testMedia, text } from '../test-media.ts'
import { safeFilename } from './file-type.ts'

const run = promisify(execFile)
const curl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

t.test('the URL takes the announced file, and nothing else, once', async t => {
  const { presign, put } = await testMedia(t)
  const signed = await presign()
  t.match(signed, { upload_id: /^[0-9a-f-]{36}$/, method: 'PUT', url: /X-Amz-Signature=/ })
  t.ok(Date.parse(signed.expires_at) - Date.now() > 3_500_000)
  t.match(new URL(signed.url).pathname, `/glimmr/uploads/${signed.upload_id}/prices.csv`)
  const changed = (headers: Record<string, string>) => ({
    ...signed,
    headers: { ...signed.headers, ...headers },
  })
  const { 'if-none-match': once, ...withoutOnce } = signed.headers
  t.equal(once, '*')
  t.equal(await put(signed, `${text}more`), 403, 'another size')
  t.equal(await put(changed({ 'content-type': 'text/html' })), 403, 'another type')
  t.equal(await put({ ...signed, headers: withoutOnce }), 403, 'not write-once')
  t.equal(await put(changed({ 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') })), 403)
  t.equal(await put({ ...signed, url: signed.url.replace('prices.csv', 'others.csv') }), 403, 'another name')
  t.equal(await put(signed, text.replace('4', '5')), 400, 'another content of the same size')
  t.equal(await put(signed), 200)
  t.equal(await put(signed), 412, 'a second time')
})

t.test(
  'plain curl -T with the given headers uploads',
  { skip: !curl && 'curl is not installed here' },
  async t => {
    const { presign } = await testMedia(t)
    const dir = await mkdtemp(join(tmpdir(), 'glimmr-curl-'))
    t.teardown(() => rm(dir, { recursive: true, force: true }))
    const file = join(dir, 'prices.csv')
    for (const content of [text, 'x'.repeat(3_000_000)]) {
      await writeFile(file, content)
      const { url, headers } = await presign({ size_bytes: content.length, sha256: sha256Of(content) })
      const args = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
      const { stdout } = await run('curl', ['-sS', '-w', '%{http_code}', ...args, '-T', file, url])
      t.equal(stdout, '200')
    }
  },
)

t.test('a request that cannot be is refused with a sentence and the field', async t => {
  const { call, announced, hospitals } = await testMedia(t, { maxPutBytes: 1000, maxUploadBytes: 2000 })
  const refused = async (more: object, status: number, path: string, detail: RegExp) => {
    const answer = await call('POST', '/v1/media/presign', as.us, announced(more))
    t.match(answer, { status, body: { status, detail, errors: [{ path }] } }, JSON.stringify(more))
  }
  await refused({ content_type: 'application/pdf' }, 422, '/content_type', /text\/csv, application\/json/)
  await refused({ content_type: 'a\r\nb' }, 400, '/content_type', /not a media type/)
  await refused({ size_bytes: 0 }, 400, '/size_bytes', /must be 1 or more/)
  await refused({ size_bytes: 2001 }, 422, '/size_bytes', /2000 bytes/)
  await refused({ size_bytes: 1500 }, 422, '/sha256', /in parts/)
  await refused({ sha256: 'abc' }, 400, '/sha256', /64 hexadecimal/)
  await refused({ filename: '' }, 400, '/filename', /empty/)
  await refused({ hospital_id: hospitals.theirs }, 422, '/hospital_id', /your organisation/)
  await refused({ price: 1 }, 400, '/', /price/)
  const own = await call('POST', '/v1/media/presign', as.us, announced({ hospital_id: hospitals.ours }))
  t.equal(own.status, 201)
  t.equal(
    (await call('POST', '/v1/media/presign', as.us, announced({ content_type: 'Text/CSV; charset=utf-8' })))
      .status,
    201,
  )
})

t.test('only a valid token with the scope gets a URL', async t => {
  const { call, announced } = await testMedia(t)
  const status = async (headers: Record<string, string>) =>
    (await call('POST', '/v1/media/presign', headers, announced())).status
  t.equal(await status({}), 401)
  t.equal(await status(as.expired), 401)
  t.equal(await status(as.viewer), 403)
  t.equal(
    await status({ 'x-auth-org': 'us', 'x-auth-scopes': 'media:write' }),
    401,
    'headers alone say nothing',
  )
})

t.test(
  'a repeat with the same Idempotency-Key is the same upload; another body under it is refused',
  async t => {
    const { call, announced, put, complete } = await testMedia(t)
    const once = (key: string, more: object = {}, who = as.us) =>
      call('POST', '/v1/media/presign', { ...who, 'idempotency-key': key }, announced(more))
    const answers = await Promise.all(Array.from({ length: 5 }, () => once('k1')))
    t.equal(new Set(answers.map(answer => answer.body.upload_id)).size, 1, 'also when they come at once')
    t.equal(answers.filter(answer => answer.headers['idempotent-replayed'] === 'true').length, 4)
    t.match(await once('k1', { filename: 'other.csv' }), { status: 409, body: { detail: /another file/ } })
    t.not((await once('k2')).body.upload_id, answers[0]?.body.upload_id)
    t.not(
      (await once('k1', {}, as.them)).body.upload_id,
      answers[0]?.body.upload_id,
      'keys are of one organisation',
    )
    t.equal(await put((await once('k1')).body), 200, 'the renewed URL works')
    t.equal((await complete(answers[0]?.body.upload_id)).status, 202)
  },
)

t.test('a repeat after the file has arrived says so instead of giving a URL that is used up', async t => {
  const { call, announced, put, complete, db } = await testMedia(t)
  const once = (key: string) =>
    call('POST', '/v1/media/presign', { ...as.us, 'idempotency-key': key }, announced())
  const [told, untold] = [(await once('told')).body, (await once('untold')).body]
  for (const signed of [told, untold]) t.equal(await put(signed), 200)
  await complete(told.upload_id)
  for (const [key, { upload_id }] of [
    ['told', told],
    ['untold', untold],
  ] as const) {
    const { status, headers, body } = await once(key)
    t.match({ status, headers }, { status: 200, headers: { 'idempotent-replayed': 'true' } })
    t.match(body, { upload_id, status: 'stored', url: undefined })
  }
  t.equal((await jobsIn(db.pool)).length, 2, 'what nobody spoke of is on its way, too')
})

t.test('the trace of the presign call is kept with the upload', async t => {
  const { call, announced, db } = await testMedia(t)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { body } = await call('POST', '/v1/media/presign', { ...as.us, traceparent }, announced())
  const { rows } = await db.pool.query('select traceparent from media.uploads where id = $1', [
    body.upload_id,
  ])
  t.equal(rows[0]?.traceparent, traceparent)
})

t.test('URLs are for the address under which clients know the store', async t => {
  const { presign } = await testMedia(t, { publicEndpoint: 'https://files.example' })
  t.match((await presign()).url, /^https:\/\/files\.example\/glimmr\/uploads\//)
})

t.test('a name is safe in a URL and a file system, and keeps its end', async t => {
  t.equal(
    safeFilename('041000001_Río Valley_standardcharges.csv'),
    '041000001_Rio_Valley_standardcharges.csv',
  )
  t.equal(safeFilename('../../etc/passwd'), 'passwd')
  t.equal(safeFilename('C:\\prices\\file.JSON'), 'file.JSON')
  t.equal(safeFilename('..'), 'file')
  t.equal(safeFilename('价格'), 'file')
  t.equal(safeFilename('价格.csv'), 'file.csv')
  t.equal(safeFilename(`${'x'.repeat(400)}.csv.gz`).length, 150)
  t.match(safeFilename(`${'x'.repeat(400)}.csv.gz`), /\.csv\.gz$/)
})
