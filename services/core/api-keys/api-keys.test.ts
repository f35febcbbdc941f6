import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { roles, scopesOf } from '@glimmr/lib/api-keys'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { apiKeySchema } from './api-key.ts'

const admin = { roles: ['admin'], scopes: scopesOf(['admin']) }
const operator = { roles: ['admin', 'operator'], scopes: scopesOf(['admin', 'operator']) }

type Page = { api_keys: { name: string }[]; next_cursor: string | null }

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const own = { ...admin, organisation: await seedOrganisation(service.db.pool, 'Own'), subject: 'key:me' }
  const other = { ...admin, organisation: await seedOrganisation(service.db.pool, 'Other') }
  const make = (body: unknown, claims = own) =>
    service.call('/v1/core/api-keys', claims, { method: 'POST', body })
  return { ...service, own, other, make }
}

t.test('a key is shown once, and only its hash is kept', async t => {
  const { db, call, own, make } = await core(t)
  const answer = await make({ name: 'Partner', roles: ['partner', 'viewer'], expires_in_days: 30 })
  t.equal(answer.statusCode, 201)
  t.equal(answer.headers['cache-control'], 'no-store')
  const { key, id, expires_at, ...made } = answer.json()
  t.match(made, {
    name: 'Partner',
    prefix: key.slice(0, 12),
    roles: ['partner', 'viewer'],
    scopes: ['core:read', 'links:read', 'links:write'],
    created_by: 'key:me',
    revoked_at: null,
  })
  t.ok(Math.abs(Date.parse(expires_at) - Date.now() - 30 * 86_400_000) < 3_700_000)
  const { rows } = await db.pool.query('select * from core.api_keys')
  t.same(rows[0].hash, createHash('sha256').update(key).digest())
  t.notOk(JSON.stringify(rows).includes(key))
  await db.pool.query("insert into auth.key_uses values ($1, '2026-11-01T10:00:00Z', 5)", [id])
  const listed = await call('/v1/core/api-keys', own)
  t.doesNotThrow(() => pageOf('api_keys', apiKeySchema).parse(listed.json()))
  t.match(listed.json().api_keys, [
    { id, prefix: made.prefix, last_used_at: /^2026-11-01T10:00:00/, expires_at },
  ])
  t.notMatch(listed.body, /"key"|hash/)
})

t.test('scopes come from the roles, or are fewer', async t => {
  const { make } = await core(t)
  t.equal((await make({ name: 'x', roles: ['viewer'], scopes: ['admin'] })).statusCode, 400)
  t.equal((await make({ name: 'x', roles: ['viewer'], created_by: 'me' })).statusCode, 400)
  t.same((await make({ name: 'x', roles: ['viewer'] })).json().scopes, ['core:read', 'links:read'])
  const narrow = { name: 'x', roles: ['uploader'], scopes: ['media:write', 'core:read', 'core:read'] }
  t.same((await make(narrow)).json().scopes, ['core:read', 'media:write'])
  const wrong = [
    { name: 'x', roles: ['viewer'], scopes: [] },
    { name: 'x', roles: ['viewer'], limit_class: 'huge' },
    { roles: ['viewer'] },
    { name: 'x', roles: [] },
    { name: 'x', roles: ['root'] },
    { name: 'x', roles: ['viewer', 'viewer'] },
    { name: 'x', roles: ['viewer'], expires_in_days: 0 },
  ]
  for (const body of wrong) t.equal((await make(body)).statusCode, 400, JSON.stringify(body))
})

t.test('revoking is for good, and once more is no error', async t => {
  const { call, own, make } = await core(t)
  const { id } = (await make({ name: 'x', roles: ['viewer'] })).json()
  const revoke = () => call(`/v1/core/api-keys/${id}`, own, { method: 'DELETE' })
  const first = await revoke()
  t.same([first.statusCode, first.body], [204, ''])
  const [revoked] = (await call('/v1/core/api-keys', own)).json().api_keys
  t.ok(revoked.revoked_at)
  t.equal((await revoke()).statusCode, 204)
  t.equal((await call('/v1/core/api-keys', own)).json().api_keys[0].revoked_at, revoked.revoked_at)
})

t.test('an admin sees and revokes the keys of the own organisation only, page by page', async t => {
  const { call, own, other, make } = await core(t)
  for (let n = 0; n < 5; n++) await make({ name: `k${n}`, roles: ['viewer'] })
  const { id } = (await make({ name: 'theirs', roles: ['admin'] }, { ...other, subject: 'key:they' })).json()
  t.equal((await call(`/v1/core/api-keys/${id}`, own, { method: 'DELETE' })).statusCode, 404)
  t.equal((await call('/v1/core/api-keys', other)).json().api_keys[0].revoked_at, null)
  const names: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = (await call(`/v1/core/api-keys?limit=2${cursor && `&cursor=${cursor}`}`, own)).json()
    names.push(...page.api_keys.map(key => key.name))
    cursor = page.next_cursor
  }
  t.same(names, ['k0', 'k1', 'k2', 'k3', 'k4'])
})

t.test('nobody gives away more than they have: roles, classes, other organisations', async t => {
  const { own, other, call, make } = await core(t)
  const master = { ...operator, organisation: own.organisation, subject: 'key:operator' }
  t.match((await make({ name: 'x', roles: ['operator'] })).json(), { status: 403, detail: /cannot give it/ })
  t.equal((await make({ name: 'x', roles: ['viewer'], limit_class: 'bulk' })).statusCode, 403)
  const elsewhere = { name: 'x', roles: ['viewer'], organisation_id: other.organisation }
  t.equal((await make(elsewhere)).statusCode, 403)
  t.equal((await call(`/v1/core/api-keys?organisation_id=${other.organisation}`, own)).statusCode, 403)
  t.equal((await make({ name: 'x', roles: ['operator'] }, master)).statusCode, 201)
  t.match((await make({ ...elsewhere, limit_class: 'bulk' }, master)).json(), {
    organisation_id: other.organisation,
    limit_class: 'bulk',
  })
  const listed = await call(`/v1/core/api-keys?organisation_id=${other.organisation}`, master)
  const [{ id }] = listed.json().api_keys
  t.equal((await call(`/v1/core/api-keys/${id}`, own)).statusCode, 404)
  t.equal((await call(`/v1/core/api-keys/${id}`, master)).statusCode, 200)
  t.equal((await call(`/v1/core/api-keys/${id}`, master, { method: 'DELETE' })).statusCode, 204)
  const nowhere = { ...elsewhere, organisation_id: '00000000-0000-4000-8000-00000000dead' }
  t.equal((await make(nowhere, master)).statusCode, 404)
  const narrowed = { ...own, scopes: ['admin'] }
  t.equal(
    (await make({ name: 'x', roles: ['viewer'] }, narrowed)).statusCode,
    403,
    'a narrowed token neither',
  )
})

t.test('the README tells the scopes of every role', async t => {
  const page = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const table = [...page.matchAll(/^\| `(\w+)` \| ((?:`[\w:]+` ?)+)\|/gm)]
  const told = table.map(([, role, scopes = '']) => [
    role,
    scopes.trim().replaceAll('`', '').split(' ').sort(),
  ])
  t.strictSame(Object.fromEntries(told), Object.fromEntries(roles.map(role => [role, scopesOf([role])])))
})

t.test('a partner has the limits of partners, where who makes the key may give them', async t => {
  const { own, make } = await core(t)
  const master = { ...operator, organisation: own.organisation, subject: 'key:operator' }
  const classOf = async (body: object, claims = own) =>
    (await make({ name: 'x', roles: ['partner'], ...body }, claims)).json().limit_class
  t.equal(await classOf({}, master), 'partner')
  t.equal(await classOf({ limit_class: 'standard' }, master), 'standard')
  t.equal(await classOf({ roles: ['viewer'] }, master), 'standard')
  t.equal(await classOf({}), 'standard', 'an admin of one organisation gives no class')
})

t.test('every change is a line of the audit log, which nobody changes', async t => {
  const { db, call, own, other, make } = await core(t)
  const { id, key } = (await make({ name: 'x', roles: ['viewer'] })).json()
  const revoke = () => call(`/v1/core/api-keys/${id}`, own, { method: 'DELETE' })
  await revoke()
  await revoke()
  await make({ name: '', roles: ['viewer'] })
  const log = await call('/v1/core/audit-log', own)
  t.match(log.json().audit_log, [
    { actor: 'key:me', action: 'api_key.revoked', target: id, request_id: String },
    {
      actor: 'key:me',
      action: 'api_key.created',
      target: id,
      detail: { name: 'x', roles: ['viewer'], limit_class: 'standard' },
    },
  ])
  t.equal(log.json().audit_log.length, 2, 'once each; what failed left nothing')
  t.notOk(log.body.includes(key))
  t.same((await call('/v1/core/audit-log', other)).json().audit_log, [], 'of the own organisation')
  t.equal((await call(`/v1/core/audit-log?organisation_id=${own.organisation}`, other)).statusCode, 403)
  const page = (await call('/v1/core/audit-log?limit=1', own)).json()
  const rest = (await call(`/v1/core/audit-log?limit=1&cursor=${page.next_cursor}`, own)).json()
  t.same([page.audit_log.length, rest.audit_log[0].action, rest.next_cursor], [1, 'api_key.created', null])
  for (const change of [
    "update core.audit_log set actor = 'x'",
    'delete from core.audit_log',
    'truncate core.audit_log',
  ])
    await t.rejects(db.poolFor('glimmr_core').query(change), { code: '23001' }, change)
})

t.test('only the scope admin opens any of it', async t => {
  const { call, own } = await core(t)
  const id = '00000000-0000-4000-8000-000000000000'
  const calls = [
    ['/v1/core/api-keys', 'POST'],
    ['/v1/core/api-keys', 'GET'],
    [`/v1/core/api-keys/${id}`, 'DELETE'],
  ] as const
  for (const [url, method] of calls) {
    const body = method === 'POST' ? { name: 'x', roles: ['admin'] } : undefined
    t.equal((await call(url, undefined, { method, body })).statusCode, 401)
    const uploader = { ...own, roles: ['uploader'], scopes: ['core:read', 'media:write', 'links:write'] }
    t.equal((await call(url, uploader, { method, body })).statusCode, 403)
  }
})

t.test('every key may see its organisation and what it may do', async t => {
  const { call, own, db } = await core(t)
  t.same(
    (await call('/v1/core/organisations/me', { ...own, roles: ['viewer'], scopes: ['core:read'] })).json(),
    {
      id: own.organisation,
      name: 'Own',
      key: { subject: 'key:me', roles: ['viewer'], scopes: ['core:read'] },
    },
  )
  t.equal((await call('/v1/core/organisations/me', undefined)).statusCode, 401)
  await db.pool.query('delete from core.organisations where id = $1', [own.organisation])
  t.equal((await call('/v1/core/organisations/me', own)).statusCode, 404)
})
