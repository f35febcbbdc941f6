import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { GraphQLClient, gql } from 'graphql-request'
import t, { type Test } from 'tap'
import { build, type LinksConfig } from '../server.ts'

const metadataDir = fileURLToPath(new URL('../../../hasura/metadata', import.meta.url))

async function links(t: Test, options: Partial<LinksConfig> = { metadataDir }) {
  const service = await createTestService(t, {
    build: context => build({ ...context, publicUrl: 'http://localhost:8080', ...options }),
    role: 'glimmr_links',
  })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const partner = { organisation, roles: ['partner', 'viewer'], scopes: ['links:read'] }
  const ask = async (
    body: unknown,
    { claims = partner, headers = {} }: { claims?: object; headers?: Record<string, string> } = {},
  ) => {
    const answer = await service.call(
      '/v1/links/graphql',
      { ...partner, ...claims },
      { method: 'POST', body, headers },
    )
    return { status: answer.statusCode, text: answer.body, ...answer.json() }
  }
  return { ...service, organisation, partner, ask }
}

const item = {
  description: 'MRI',
  codes: [['70551', 'CPT'] as [string, string]],
  charges: [{ gross: '12.50', rates: [{ payer: 'Aetna', plan: 'PPO', dollar: '612.40' }] }],
}

t.test('prices over GraphQL, with the digits that were published', async t => {
  const { db, organisation, ask } = await links(t)
  await seedFile(db.pool, { organisation, items: [item] })
  const query =
    '{ rates(where: {charge: {item: {codes: {code_normalised: {_eq: "70551"}}}}}) { negotiated_dollar payer { name } } }'
  const answer = await ask({ query })
  t.equal(answer.status, 200)
  t.match(answer.data, { rates: [{ negotiated_dollar: 612.4, payer: { name: 'Aetna' } }] })
  t.ok(answer.text.includes('612.40'))
})

t.test('an id among the variables keeps its digits', async t => {
  const { ask } = await links(t)
  const body = (id: string) =>
    `{"query":"query ($id: bigint, $n: Int) { items(where: {id: {_eq: $id}}, limit: $n) { id } }","variables":{"id":1,"n":${id}}}`
  t.match(await ask(body('1')), { data: { items: [] } })
  // As a double it would have ended in 4: the number came with its digits.
  t.match(await ask(body('50755254975729665')), {
    errors: [{ message: /^The value 5.0755254975729665e16 lies outside/ }],
  })
  t.match(await ask('{"query": 50755254975729665,}'), { errors: [{ message: 'the body is not JSON' }] })
  t.match(await ask('{"__proto__": {}, "query": "{ __typename }"}'), { errors: [{}] })
})

t.test('the role is one of the token, the first without a wish', async t => {
  const { db, organisation, ask } = await links(t)
  await seedFile(db.pool, { organisation, items: [item] })
  const query = '{ rates_aggregate { aggregate { count } } }'
  t.match((await ask({ query })).data, { rates_aggregate: { aggregate: { count: 1 } } })
  t.match(await ask({ query }, { headers: { 'x-hasura-role': 'viewer' } }), {
    status: 200,
    errors: [{ message: /rates_aggregate/ }],
  })
  t.match(await ask({ query }, { claims: { roles: ['viewer', 'partner'] } }), { errors: [{}] })
  const denied = await ask({ query }, { headers: { 'x-hasura-role': 'admin' } })
  t.match(denied, { status: 200, errors: [{ extensions: { code: 'access-denied', path: '$' } }] })
  t.notOk(denied.data)
})

t.test('session variables come from the token alone', async t => {
  const { db, organisation, ask } = await links(t)
  const other = await seedOrganisation(db.pool, 'Other')
  for (const owner of [organisation, other])
    await db.pool.query(
      "insert into links.links (slug, organisation_id, created_by, kind, target) values ($1::text, $1::uuid, 'key', 'url', 'https://example.org')",
      [owner],
    )
  const forged = { 'x-hasura-org-id': other, 'x-hasura-user-id': 'key:other', 'x-auth-org': other }
  t.same((await ask({ query: '{ links { slug } }' }, { headers: forged })).data, {
    links: [{ slug: organisation }],
  })
})

t.test('what is wrong in a request is told in the form of Hasura', async t => {
  const { ask, call, partner } = await links(t)
  for (const body of [
    {},
    { query: '{' },
    { query: '{ nothing }' },
    [],
    5,
    { query: '{ files { id } }', variables: 5 },
    '{',
    'null',
  ]) {
    const answer = await call('/v1/links/graphql', partner, { method: 'POST', body })
    if (JSON.stringify(body) === '[]') continue
    t.equal(answer.statusCode, 200, JSON.stringify(body))
    t.match(
      answer.json().errors[0],
      { message: String, extensions: { code: String, path: /^\$/ } },
      JSON.stringify(body),
    )
  }
  t.match(await ask([{ query: '{ files { id } }' }, { query: '{ __typename }' }]), {
    0: { data: { files: [] } },
    1: { data: {} },
  })
  t.match(
    await ask(Array.from({ length: 1_000 }, () => ({ query: '{ files { id } }' }))),
    { errors: [{}] },
    'a batch is bounded',
  )
  const large = await ask({ query: '{ files { id } }', variables: { x: 'y'.repeat(270_000) } })
  t.equal(large.status, 413)
})

t.test('graphql-request reads it, and introspection answers', async t => {
  const { app, db, organisation, tokens, partner } = await links(t)
  await seedFile(db.pool, { organisation, items: [item] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1/links/graphql`
  const client = new GraphQLClient(url, { headers: tokens.header(partner) })
  const query = gql`query Files($layout: String!) { files(where: { layout: { _eq: $layout } }) { hospital_name } }`
  t.same(await client.request(query, { layout: 'tall' }), { files: [{ hospital_name: 'Test Hospital' }] })
  const { __schema } = await client.request<{ __schema: { queryType: { name: string } } }>(
    '{ __schema { queryType { name } } }',
  )
  t.equal(__schema.queryType.name, 'query_root')
  const metrics = (await app.inject('/metrics')).body
  t.match(
    metrics,
    /graphql_operation_duration_seconds_count\{service="links",name="Files",type="query",role="partner",status="ok"\} 1/,
  )
})

t.test('names of operations fill no memory', async t => {
  const { app, ask } = await links(t)
  for (let n = 0; n < 230; n++) await ask({ query: `query N${n} { __typename }`, operationName: `N${n}` })
  const names = new Set(
    [...(await app.inject('/metrics')).body.matchAll(/name="([^"]+)",type/g)].map(match => match[1]),
  )
  t.equal(names.size, 201)
  t.ok(names.has('other'))
})

t.test('GraphQL is for keys with links:read', async t => {
  const { call, partner } = await links(t)
  const request = { method: 'POST' as const, body: { query: '{ __typename }' } }
  t.equal((await call('/v1/links/graphql', undefined, request)).statusCode, 401)
  t.match((await call('/v1/links/graphql', { ...partner, scopes: ['core:read'] }, request)).json(), {
    status: 403,
  })
})

t.test('when the client goes away its query is cancelled', async t => {
  const { app, db, tokens, partner } = await links(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  // A lock that the query waits for.
  const blocker = await db.pool.connect()
  await blocker.query('begin; lock table prices.files in access exclusive mode')
  const gone = new AbortController()
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1/links/graphql`
  const asked = fetch(url, {
    method: 'POST',
    headers: { ...tokens.header(partner), 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ files { id } }' }),
    signal: gone.signal,
  })
  const waiting = async () =>
    (
      await blocker.query(
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
    ).rowCount
  for (let turn = 0; turn < 500 && (await waiting()) === 0; turn++) await wait(10)
  t.equal(await waiting(), 1)
  gone.abort()
  await t.rejects(asked)
  for (let turn = 0; turn < 500 && (await waiting()) !== 0; turn++) await wait(10)
  t.equal(await waiting(), 0)
  await blocker.query('rollback')
  blocker.release()
})

t.test('with a Hasura behind it, the same request goes there with the token of the caller', async t => {
  const seen: { request: IncomingMessage; body: string }[] = []
  const hasura = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push({ request, body })
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"data":{"rates":[{"negotiated_dollar":612.40}]}}')
  })
  await new Promise<void>(listening => hasura.listen(0, '127.0.0.1', listening))
  t.teardown(() => hasura.close())
  const { ask } = await links(t, { hasuraUrl: `http://127.0.0.1:${(hasura.address() as AddressInfo).port}` })
  const body = { query: 'query Q { rates { negotiated_dollar } }', variables: { a: 1 }, operationName: 'Q' }
  const answer = await ask(body, {
    headers: { 'x-hasura-role': 'viewer', 'x-hasura-org-id': 'forged', 'x-hasura-admin-secret': 'x' },
  })
  t.ok(answer.text.includes('612.40'), 'passed through as text')
  const [got] = seen
  t.equal(got?.request.url, '/v1/graphql')
  t.same(JSON.parse(got?.body ?? ''), body)
  t.match(got?.request.headers, { authorization: /^Bearer ey/, 'x-hasura-role': 'viewer' })
  t.notOk(got?.request.headers['x-hasura-org-id'] ?? got?.request.headers['x-hasura-admin-secret'])
  hasura.closeAllConnections()
  await new Promise(closed => hasura.close(closed))
  t.match(await ask(body), { status: 503, detail: /cannot be reached/ })
})
