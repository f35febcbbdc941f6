import { readdirSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { applyMetadata } from './apply.ts'
import { readApplyConfig } from './config.ts'

const metadataDir = join(import.meta.dirname, 'metadata')
const tables = readdirSync(join(metadataDir, 'databases/default/tables')).filter(
  name => name !== 'tables.yaml',
)

/** Speaks the two endpoints that applying uses. */
async function server(
  t: Test,
  answer: (body: unknown) => { status: number; body: unknown },
  healthyAfter = 0,
) {
  const seen: {
    secret: unknown
    body: { type: string; args: { metadata: { sources: { tables: unknown[] }[] } } }
  }[] = []
  let asked = 0
  const http = createServer(async (request: IncomingMessage, response) => {
    if (request.url === '/healthz') {
      asked += 1
      response.statusCode = asked > healthyAfter ? 200 : 503
      response.end('OK')
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    seen.push({ secret: request.headers['x-hasura-admin-secret'], body })
    const { status, body: json } = answer(body)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(json))
  })
  await new Promise<void>(done => http.listen(0, '127.0.0.1', done))
  t.teardown(() => http.close())
  const address = http.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, seen }
}

test('the whole folder is sent once the server is healthy, with the admin secret', async t => {
  const { url, seen } = await server(
    t,
    () => ({ status: 200, body: { is_consistent: true, inconsistent_objects: [] } }),
    1,
  )
  t.same(await applyMetadata({ url, adminSecret: 'secret', metadataDir }), [])
  t.equal(seen.length, 1)
  t.equal(seen[0]?.secret, 'secret')
  t.equal(seen[0]?.body.type, 'replace_metadata')
  t.equal(seen[0]?.body.args.metadata.sources[0]?.tables.length, tables.length)
})

test('what the server finds inconsistent is given back', async t => {
  const inconsistent_objects = [{ name: 'table rates', reason: 'no such table', type: 'table' }]
  const { url } = await server(t, () => ({
    status: 200,
    body: { is_consistent: false, inconsistent_objects },
  }))
  t.same(await applyMetadata({ url, adminSecret: 'secret', metadataDir }), [
    { name: 'table rates', reason: 'no such table' },
  ])
})

test('a refusal, a server that is not there and a missing secret are errors in clear words', async t => {
  const { url } = await server(t, () => ({ status: 401, body: { error: 'invalid secret' } }))
  await t.rejects(applyMetadata({ url, adminSecret: 'wrong', metadataDir }), {
    message: /answered 401: .*invalid secret/,
  })
  await t.rejects(applyMetadata({ url: 'http://127.0.0.1:9', adminSecret: 'x', metadataDir, waitMs: 0 }), {
    message: /not healthy/,
  })
  t.throws(() => readApplyConfig({ HASURA_URL: url }), { message: /HASURA_ADMIN_SECRET/ })
  t.same(readApplyConfig({ HASURA_URL: `${url}/`, HASURA_ADMIN_SECRET: 's' }), { url, adminSecret: 's' })
})
