/** The first journey on our own samples, through one port, with the clients that people use. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createS3Client } from '@glimmr/lib/s3'
import { gql } from 'graphql-request'
import t from 'tap'
import type { Secrets } from './data-folder.ts'
import { call, complete, presign, putWithCurl, sha256Of, untilEnded } from './journey-client.ts'
import { graphql, type Page, sample, testPlatform } from './test-platform.ts'

const { dataDir, start } = testPlatform(t)

t.test(
  'an upload by curl is published once, whoever reports it; its bytes are in the store as they were sent',
  async t => {
    const platform = await start()
    t.teardown(() => platform.stop())
    const { file } = platform
    // Another content for the same hospital: it supersedes the first.
    const changed = join(dataDir, 'changed.csv')
    await writeFile(
      changed,
      (await readFile(sample, 'utf8')).replaceAll('1420.00', '1333.33').replace('2026-06-01', '2026-07-01'),
    )
    const presigned = await presign(file, changed)
    t.equal(await putWithCurl(changed, presigned), 200)
    t.equal(await putWithCurl(changed, presigned), 412, 'written once')
    // The store's event may have been quicker: both are the same upload.
    t.match(await complete(file, presigned.upload_id), { status: 202 })
    t.match(await complete(file, presigned.upload_id), { status: 202 })
    const state = await untilEnded(file, presigned.upload_id)
    t.match(state, { status: 'published', progress: { rows_seen: 11, rows_loaded: 11, rows_rejected: 0 } })
    const { body } = await call<Page>(
      `${file.gateway_url}/v1/core/prices?code=70551&payer=Bay State Health Plan&plan=PPO`,
      { key: file.keys.partner },
    )
    t.same(body.prices.map(price => price.negotiated_dollar).sort(), [1333.33, 1811.9])
    t.ok(body.prices.some(price => price.file.last_updated_on === '2026-07-01'))

    const again = await presign(file, changed)
    await putWithCurl(changed, again)
    await complete(file, again.upload_id)
    t.match(await untilEnded(file, again.upload_id), { status: 'already_loaded', file_id: state.file_id })

    const secrets: Secrets = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8'))
    const s3 = createS3Client({
      endpoint: file.store_url,
      region: 'auto',
      bucket: 'glimmr',
      accessKeyId: secrets.store_access_key_id,
      secretAccessKey: secrets.store_secret_access_key,
    })
    t.teardown(() => s3.destroy())
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket: 'glimmr', Prefix: `uploads/${presigned.upload_id}/` }),
    )
    const object = await s3.send(new GetObjectCommand({ Bucket: 'glimmr', Key: listed.Contents?.[0]?.Key }))
    t.equal(await object.Body?.transformToString(), await readFile(changed, 'utf8'))
    t.equal(
      await sha256Of(changed),
      (
        await call<{ sha256: string }>(`${file.gateway_url}/v1/core/files/${state.file_id}`, {
          key: file.keys.partner,
        })
      ).body.sha256,
    )
  },
)

t.test(
  'what is not a price file is rejected with its reason, and the store refuses other bytes than promised',
  async t => {
    const platform = await start({ samples: false })
    t.teardown(() => platform.stop())
    const { file } = platform
    const pdf = join(dataDir, 'prices.csv')
    await writeFile(pdf, '%PDF-1.7\n%âãÏÓ\n1 0 obj\n')
    const presigned = await presign(file, pdf)
    await putWithCurl(pdf, presigned)
    await complete(file, presigned.upload_id)
    t.match(await untilEnded(file, presigned.upload_id), {
      status: 'rejected',
      reasons: [{ message: /PDF/ }],
    })

    const other = await presign(file, sample)
    await writeFile(pdf, (await readFile(sample, 'utf8')).replace('1420.00', '9420.00'))
    t.equal(await putWithCurl(pdf, other), 400, 'same size, other bytes')
    const answer = await complete(file, other.upload_id)
    t.match(answer, { status: 409, body: { detail: String } })
  },
)

t.test('a small file comes in as a form, in one call', async t => {
  const platform = await start({ samples: false })
  t.teardown(() => platform.stop())
  const form = new FormData()
  const padding = 'x'.repeat(3_000_000) // larger than any JSON body may be
  form.append('file', new Blob([`not a price file ${padding}`]), 'prices.csv')
  const answer = await fetch(`${platform.file.gateway_url}/v1/media/uploads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${platform.file.keys.uploader}` },
    body: form,
  })
  t.equal(answer.status, 202)
  const { upload_id, detail } = (await answer.json()) as { upload_id: string; detail?: string }
  t.equal(detail, undefined)
  t.match(await untilEnded(platform.file, upload_id), { status: 'rejected' })
})

t.test(
  'the gateway lets nobody in without a key, believes no identity header and shows no internals',
  async t => {
    const platform = await start({ samples: false })
    t.teardown(() => platform.stop())
    const { gateway_url: url, keys } = platform.file
    for (const path of [
      '/v1/core/prices?code=1',
      '/v1/media/uploads',
      '/v1/links/graphql',
      '/v1/core/api-keys',
    ]) {
      const answer = await fetch(url + path, {
        headers: { 'x-auth-subject': 'key:1', 'x-auth-scopes': 'admin', X_Auth_Roles: 'admin' },
      })
      t.equal(answer.status, 401, path)
      t.match(answer.headers.get('content-type'), /application\/problem\+json/)
      t.match(await answer.json(), { status: 401, request_id: String })
    }
    for (const path of ['/metrics', '/verify', '/health', '/v1/core/../../metrics', '/internal'])
      t.not(
        (await fetch(url + path, { headers: { authorization: `Bearer ${keys.admin}` } })).status,
        200,
        path,
      )
    for (const service of ['core', 'media', 'links']) {
      t.equal((await fetch(`${url}/v1/${service}/health`)).status, 200)
      t.match(await (await fetch(`${url}/v1/${service}/openapi.json`)).json(), { openapi: '3.1.0' })
    }
    for (const service of ['core', 'media', 'links', 'pipeline', 'auth']) {
      for (const path of ['health', 'livez', 'readyz'])
        t.equal(
          (await fetch(`${platform.file.ops_url}/${service}/${path}`)).status,
          200,
          `${service} ${path}`,
        )
      const metrics = await (await fetch(`${platform.file.ops_url}/${service}/metrics`)).text()
      t.match(metrics, new RegExp(`process_resident_memory_bytes\\{service="${service}"\\}`))
    }
    t.match(
      await (await fetch(`${platform.file.ops_url}/gateway/metrics`)).text(),
      /traefik_entrypoint_requests_total/,
    )
    const explorer = await (await fetch(`${platform.file.ops_url}/graphiql`)).text()
    t.match(explorer, `${url}/v1/links/graphql`)
    for (const [, file = ''] of explorer.matchAll(/(?:src|href)="(\/graphiql\/[^"]+)"/g))
      t.equal((await fetch(`${platform.file.ops_url}${file}`)).status, 200, file)
    t.notMatch(explorer, /(?:src|href)="http/, 'nothing comes from another host')
    t.equal(
      (await call(`${url}/v1/media/presign`, { key: keys.partner, method: 'POST', body: {} })).status,
      403,
      'partners do not upload',
    )
  },
)

t.test('a link leads to its price query, and its clicks can be read over GraphQL', async t => {
  const platform = await start({ samples: false })
  t.teardown(() => platform.stop())
  const { gateway_url: url, keys } = platform.file
  const made = await call<{ slug: string; short_url: string }>(`${url}/v1/links/links`, {
    key: keys.partner,
    method: 'POST',
    body: { kind: 'price', query: { code: '70551' } },
  })
  t.equal(made.status, 201)
  for (let click = 0; click < 3; click++) {
    const answer = await fetch(`${url}/l/${made.body.slug}`, { redirect: 'manual' })
    t.equal(answer.status, 302)
    t.match(answer.headers.get('location'), /\/v1\/core\/prices\?.*code=70551/)
  }
  await platform.stop() // flushes what is buffered
  const again = await start({ samples: false })
  t.teardown(() => again.stop())
  const query = gql`query ($slug: String!) { links(where: { slug: { _eq: $slug } }) { clicks_aggregate { aggregate { sum { clicks } } } } }`
  const answer = await graphql(again.file, keys.partner).request(query, { slug: made.body.slug })
  t.same(answer, { links: [{ clicks_aggregate: { aggregate: { sum: { clicks: 3 } } } }] })
})
