import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { build, type LinksConfig } from '../server.ts'
import { linkSchema } from './link.ts'

type Page = { links: { id: number; clicks: number }[]; next_cursor: string | null }

async function service(t: Test, options: Partial<LinksConfig> = {}) {
  const metadataDir = t.testdir({ 'version.yaml': 'version: 3\n', databases: { 'databases.yaml': '[]\n' } })
  const service = await createTestService(t, {
    build: context =>
      build({
        ...context,
        publicUrl: 'https://glimmr.example',
        linkHosts: ['example.org'],
        metadataDir,
        clickFlushMs: 60_000,
        ...options,
      }),
    role: 'glimmr_links',
  })
  const scopes = ['links:read', 'links:write']
  const own = { organisation: await seedOrganisation(service.db.pool, 'Own'), scopes, subject: 'key:me' }
  const other = {
    organisation: await seedOrganisation(service.db.pool, 'Other'),
    scopes,
    subject: 'key:they',
  }
  const make = (body: object, claims: object = {}, headers = {}) =>
    service.call('/v1/links/links', { ...own, ...claims }, { method: 'POST', body, headers })
  const follow = (slug: string, options = {}) => service.call(`/l/${slug}`, undefined, options)
  const clicks = async () =>
    Number(
      (await service.db.pool.query('select coalesce(sum(clicks), 0) as sum from links.link_clicks')).rows[0]
        .sum,
    )
  return { ...service, own, other, make, follow, clicks }
}

const url = { kind: 'url', url: 'https://example.org/page' }

t.test('a link to a search, a file or a page, and where it leads', async t => {
  const { db, own, make, follow } = await service(t)
  const { file_id } = await seedFile(db.pool, { organisation: own.organisation })
  const cases: [body: object, target: string][] = [
    [
      { kind: 'price', query: { code: '70551', code_type: 'cpt', payer: 'Aetna' } },
      '/v1/core/prices?code=70551&code_type=CPT&payer=Aetna',
    ],
    [{ kind: 'file', file_id }, `/v1/core/files/${file_id}`],
    [{ ...url, title: 'Our page', slug: 'our-page' }, 'https://example.org/page'],
  ]
  for (const [body, target] of cases) {
    const answer = await make(body)
    t.equal(answer.statusCode, 201)
    const made = answer.json()
    t.doesNotThrow(() => linkSchema.parse(made))
    t.match(made, {
      target,
      short_url: `https://glimmr.example/l/${made.slug}`,
      created_by: 'key:me',
      clicks: 0,
      expires_at: null,
    })
    const followed = await follow(made.slug)
    t.equal(followed.statusCode, 302)
    t.match(followed.headers, { location: target, 'cache-control': 'private, no-store' })
    t.equal(followed.body, '')
  }
  t.match((await make(url)).json().slug, /^[A-Za-z2-9]{8}$/)
})

t.test('what a link may not be is told by field', async t => {
  const { db, own, make } = await service(t)
  const { file_id } = await seedFile(db.pool, { organisation: own.organisation, status: 'loading' })
  const cases: [body: object, status: number, detail: RegExp][] = [
    [{}, 400, /kind/],
    [{ kind: 'price' }, 400, /query/],
    [{ kind: 'price', query: {} }, 400, /code/],
    [{ kind: 'price', query: { code: '1', payee: 'x' } }, 400, /payee/],
    [{ kind: 'price', query: { code: '1', cursor: 'x' } }, 400, /cursor/],
    [{ kind: 'file', file_id: 'x' }, 400, /file_id/],
    [{ kind: 'file', file_id }, 422, /not a published file/],
    [{ kind: 'file', file_id: file_id + 1 }, 422, /not a published file/],
    [{ kind: 'url', url: 'https://evil.test/' }, 422, /evil\.test/],
    [{ ...url, query: { code: '1' } }, 400, /query/],
    [{ ...url, slug: 'a b' }, 400, /slug/],
    [{ ...url, slug: 'abc' }, 400, /slug/],
    [{ ...url, title: 'x'.repeat(201) }, 400, /title/],
    [{ ...url, expires_at: 'tomorrow' }, 400, /expires_at/],
    [{ ...url, expires_at: '2099-01-01T00:00:00+23:59' }, 400, /expires_at/],
    [{ ...url, expires_at: '2020-01-01T00:00:00Z' }, 422, /past/],
  ]
  for (const [body, status, detail] of cases) {
    const answer = await make(body)
    t.equal(answer.statusCode, status, JSON.stringify(body))
    t.match(answer.json().detail, detail)
  }
})

t.test('a wanted slug is given once, whoever asks', async t => {
  const { make, other } = await service(t)
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, n) => make({ ...url, slug: 'wanted' }, n % 2 ? other : {})),
  )
  t.same(answers.map(answer => answer.statusCode).sort(), [201, 409, 409, 409, 409, 409])
  t.match(answers.find(answer => answer.statusCode === 409)?.json(), {
    detail: 'The slug wanted is taken',
    errors: [{ path: '/slug' }],
  })
  t.equal((await make({ ...url, slug: 'Wanted' })).statusCode, 201, 'slugs know upper and lower case')
})

t.test('the same Idempotency-Key gives the same link, another body with it is refused', async t => {
  const { make, other } = await service(t)
  const headers = { 'idempotency-key': 'one' }
  const answers = await Promise.all(Array.from({ length: 6 }, () => make(url, {}, headers)))
  t.same(
    [...new Set(answers.map(answer => answer.statusCode))].filter(status => status > 201),
    [],
  )
  t.equal(new Set(answers.map(answer => answer.json().id)).size, 1)
  const again = await make(url, {}, headers)
  t.same([again.statusCode, again.json().id], [200, answers[0]?.json().id])
  t.equal((await make({ ...url, title: 'x' }, {}, headers)).statusCode, 409)
  t.equal((await make(url, other, headers)).statusCode, 201, "another's keys are another's")
  t.not((await make(url)).json().id, again.json().id, 'without a key each request makes a link')
  t.equal((await make(url, {}, { 'idempotency-key': 'with space' })).statusCode, 400)
})

t.test('links expire, are deleted, or were never there', async t => {
  let now = new Date('2026-06-01T10:00:00Z')
  const { call, own, other, make, follow, db } = await service(t, { now: () => now })
  const { id, slug } = (await make({ ...url, expires_at: '2026-06-01T12:00:00+01:00' })).json()
  t.equal((await follow(slug)).statusCode, 302)
  now = new Date('2026-06-01T11:00:00Z')
  const expired = await follow(slug)
  t.match(expired.json(), { status: 410, detail: /expired/ })
  t.equal(expired.headers['cache-control'], 'private, no-store')
  const remove = (claims: typeof own) => call(`/v1/links/links/${id}`, claims, { method: 'DELETE' })
  t.equal((await remove(other)).statusCode, 404)
  t.equal((await remove(own)).statusCode, 204)
  t.equal((await remove(own)).statusCode, 404)
  for (const missing of [slug, 'nothing', 'a', 'x'.repeat(100), '%00%00%00%00', "';--"])
    t.equal((await follow(missing)).statusCode, 404, missing)
  t.equal((await db.pool.query('select from links.links')).rowCount, 0)
})

t.test('an organisation lists its own links, newest first, page by page', async t => {
  const { call, own, other, make } = await service(t)
  for (let n = 0; n < 5; n++) await make(url)
  await make(url, other)
  const seen: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await call(`/v1/links/links?limit=2${cursor && `&cursor=${cursor}`}`, own)
    t.doesNotThrow(() => pageOf('links', linkSchema).parse(answer.json()))
    const page: Page = answer.json()
    seen.push(...page.links.map(link => link.id))
    cursor = page.next_cursor
  }
  t.equal(seen.length, 5)
  t.same(
    seen,
    seen.toSorted((a, b) => b - a),
  )
  const foreign = (await call('/v1/links/links?limit=2', own)).json().next_cursor
  t.equal((await call(`/v1/links/links?cursor=${foreign}`, other)).statusCode, 400)
})

t.test('clicks are exact when thousands come at once and the buffer is small', async t => {
  const { app, call, own, make, follow, clicks } = await service(t, {
    clickBufferSize: 7,
    clickFlushMs: 5,
    redirectsPerMinute: 100_000,
  })
  const slugs = [(await make(url)).json().slug, (await make(url)).json().slug]
  const burst = Array.from({ length: 2_000 }, (_, n) =>
    follow(slugs[n % 2] ?? '', {
      remoteAddress: `198.51.${n % 40}.${n % 7}`,
      headers: { 'user-agent': `Browser ${n % 3}` },
    }),
  )
  t.ok((await Promise.all(burst)).every(answer => answer.statusCode === 302))
  const ignored = [
    { method: 'HEAD' },
    { headers: { 'user-agent': 'Slackbot 1.0' } },
    { headers: { 'sec-purpose': 'prefetch' } },
  ]
  for (const options of ignored) t.equal((await follow(slugs[0] ?? '', options)).statusCode, 302)
  for (let turn = 0; turn < 200 && (await clicks()) < 2_000; turn++) await new Promise(setImmediate)
  const listed: Page = (await call('/v1/links/links', own)).json()
  await app.close()
  t.equal(await clicks(), 2_000)
  t.ok(listed.links.length === 2)
})

t.test('closing writes what is held; no address is in the table', async t => {
  const { app, db, make, follow, clicks } = await service(t)
  const { slug } = (await make(url)).json()
  for (let n = 0; n < 3; n++) await follow(slug, { remoteAddress: '203.0.113.9' })
  t.equal(await clicks(), 0, 'still held')
  await app.close()
  const { rows } = await db.pool.query('select day::text, visitor, clicks from links.link_clicks')
  t.match(rows, [{ day: new Date().toISOString().slice(0, 10), clicks: '3' }])
  t.equal(rows[0].visitor.length, 16)
})

t.test('clicks of a link that was deleted meanwhile keep none of the others back', async t => {
  const { app, call, own, make, follow, clicks } = await service(t)
  const [gone, kept] = [(await make(url)).json(), (await make(url)).json()]
  for (const { slug } of [gone, kept, gone, kept]) await follow(slug)
  await call(`/v1/links/links/${gone.id}`, own, { method: 'DELETE' })
  await app.close()
  t.equal(await clicks(), 2)
})

t.test('one address follows so many links a minute; another is not held up', async t => {
  const { make, follow } = await service(t, { redirectsPerMinute: 5, trustedProxies: ['10.0.0.0/8'] })
  const { slug } = (await make(url)).json()
  const from = (address: string, headers = {}) => follow(slug, { remoteAddress: address, headers })
  for (let n = 0; n < 5; n++) t.equal((await from('203.0.113.9')).statusCode, 302)
  const refused = await from('203.0.113.9', { 'x-forwarded-for': '198.51.100.77' })
  t.match(refused.json(), { status: 429, detail: /this address/ })
  t.ok(refused.headers['retry-after'])
  t.equal((await from('203.0.113.10')).statusCode, 302)
  for (let n = 0; n < 6; n++)
    t.equal(
      (await from('10.0.0.1', { 'x-forwarded-for': `198.51.100.${n}` })).statusCode,
      302,
      'behind a proxy',
    )
})

t.test('links are made with links:write and listed with links:read', async t => {
  const { call, own, make } = await service(t)
  const { id } = (await make(url)).json()
  const calls = [
    ['/v1/links/links', 'POST', 'links:write'],
    [`/v1/links/links/${id}`, 'DELETE', 'links:write'],
    ['/v1/links/links', 'GET', 'links:read'],
  ] as const
  for (const [path, method, scope] of calls) {
    const body = method === 'POST' ? url : undefined
    t.equal((await call(path, undefined, { method, body })).statusCode, 401)
    const scopes = ['core:read', 'links:read', 'links:write'].filter(given => given !== scope)
    t.match((await call(path, { ...own, scopes }, { method, body })).json(), {
      status: 403,
      detail: new RegExp(scope),
    })
  }
})
