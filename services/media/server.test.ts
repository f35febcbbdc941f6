import t from 'tap'
import { readMediaConfig } from './config.ts'
import { testMedia } from './test-media.ts'

t.test('the OpenAPI document has every route with its answers', async t => {
  const { call } = await testMedia(t)
  const { status, body } = await call('GET', '/v1/media/openapi.json', {})
  t.equal(status, 200)
  t.equal(body.openapi, '3.1.0')
  t.strictSame(
    Object.entries(body.paths as Record<string, object>)
      .flatMap(([path, methods]) => Object.keys(methods).map(method => `${method} ${path}`))
      .sort(),
    [
      'get /v1/media/uploads',
      'get /v1/media/uploads/{id}',
      'get /v1/media/uploads/{id}/download',
      'get /v1/media/uploads/{id}/events',
      'post /v1/media/presign',
      'post /v1/media/store-events',
      'post /v1/media/uploads',
      'post /v1/media/uploads/{id}/complete',
    ],
  )
  const upload = body.paths['/v1/media/uploads'].post
  t.match(upload.requestBody.content['multipart/form-data'].schema.properties.file, {
    type: 'string',
    format: 'binary',
  })
  t.ok(body.paths['/v1/media/presign'].post.responses['201'].content['application/json'].schema)
  t.ok(body.paths['/v1/media/uploads/{id}/events'].get.responses['200'].content['text/event-stream'])
})

t.test('uploads are counted by status, for Prometheus', async t => {
  const { presign, put, complete, call } = await testMedia(t)
  const signed = await presign()
  await presign()
  await put(signed)
  await complete(signed.upload_id)
  const { body } = await call('GET', '/metrics', {})
  t.match(body, /glimmr_uploads\{status="waiting",service="media"\} 1/)
  t.match(body, /glimmr_uploads\{status="stored",service="media"\} 1/)
  const [, waits] = /glimmr_upload_wait_seconds\{service="media"\} (\S+)/.exec(body) ?? []
  t.ok(Number(waits) > 0, 'one is stored and not yet loaded')
  t.match(body, /glimmr_uploads_presigned_total\{service="media"\} 2/)
  t.match(body, /glimmr_uploads_stored_total\{by="complete",service="media"\} 1/)
})

t.test('the environment is read at once, with all its faults', async t => {
  const env = {
    DATABASE_URL: 'postgres://x',
    S3_ENDPOINT: 'http://store:9000',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'secret',
  }
  t.match(readMediaConfig(env), {
    s3: { bucket: 'glimmr', region: 'auto' },
    presignSeconds: 3600,
    sweepMs: 30_000,
  })
  t.throws(() => readMediaConfig({ ...env, S3_ENDPOINT: '', MEDIA_PRESIGN_SECONDS: '0' }), {
    message: /2 fault[\s\S]*S3_ENDPOINT: not set[\s\S]*MEDIA_PRESIGN_SECONDS/,
  })
  t.throws(() => readMediaConfig({ ...env, MEDIA_MAX_PUT_BYTES: '1000000' }), {
    message: /MEDIA_MAX_PUT_BYTES: must be 5242880 \(5 MiB\) or more/,
  })
  t.throws(() => readMediaConfig({ ...env, MEDIA_MAX_PUT_BYTES: '5242880' }), {
    message: /1 fault[\s\S]*MEDIA_MAX_PUT_BYTES: must be 6871948 or more: .* more than 10000 parts/,
  })
  t.throws(() => readMediaConfig({ ...env, MEDIA_MAX_UPLOAD_BYTES: '6000000000000' }), {
    message: /1 fault[\s\S]*MEDIA_MAX_UPLOAD_BYTES: must be 5497558138880 \(5 TiB\) or less/,
  })
  t.match(readMediaConfig({ ...env, MEDIA_MAX_PUT_BYTES: '5242880', MEDIA_MAX_UPLOAD_BYTES: '5242880000' }), {
    maxPutBytes: 5_242_880,
  })
})
