import { seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { scopesOf } from '@glimmr/lib/api-keys'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { userSchema } from '../users/user.ts'
import { organisationSchema } from './organisation.ts'

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const organisation = await seedOrganisation(service.db.pool, 'Own')
  const scopes = scopesOf(['admin', 'operator'])
  const operator = { organisation, roles: ['admin', 'operator'], scopes, subject: 'key:operator' }
  const other = await seedOrganisation(service.db.pool, 'Other')
  const admin = { organisation: other, roles: ['admin'], scopes: scopesOf(['admin']), subject: 'key:admin' }
  const post = (path: string, claims: typeof operator, body: unknown) =>
    service.call(`/v1/core/${path}`, claims, { method: 'POST', body })
  const patch = (path: string, claims: typeof operator, body: unknown) =>
    service.call(`/v1/core/${path}`, claims, { method: 'PATCH', body })
  const get = (path: string, claims: typeof operator) => service.call(`/v1/core/${path}`, claims)
  return { ...service, operator, admin, post, patch, get }
}

t.test('an operator makes organisations, renames and suspends them, and lets them in again', async t => {
  const { operator, post, patch, get } = await core(t)
  const made = await post('organisations', operator, { name: ' General ' })
  t.equal(made.statusCode, 201)
  const { id } = made.json()
  t.equal(made.headers.location, `/v1/core/organisations/${id}`)
  t.match(made.json(), { name: 'General', suspended_at: null })
  t.match((await post('organisations', operator, { name: 'General' })).json(), { status: 409 })
  const first = await patch(`organisations/${id}`, operator, { suspended: true })
  t.ok(first.json().suspended_at)
  const again = await patch(`organisations/${id}`, operator, { suspended: true, name: 'General Hospital' })
  t.match(again.json(), { name: 'General Hospital', suspended_at: first.json().suspended_at })
  t.equal((await patch(`organisations/${id}`, operator, { suspended: false })).json().suspended_at, null)
  t.match((await patch(`organisations/${id}`, operator, { name: 'Other' })).json(), { status: 409 })
  t.equal((await patch(`organisations/${id}`, operator, {})).statusCode, 400)
  t.equal(
    (await patch('organisations/00000000-0000-4000-8000-00000000dead', operator, { name: 'x' })).statusCode,
    404,
  )
  const own = await patch(`organisations/${operator.organisation}`, operator, { suspended: true })
  t.match(own.json(), { status: 409, detail: /your own/ })
  const listed = (await get('organisations', operator)).json()
  t.doesNotThrow(() => pageOf('organisations', organisationSchema).parse(listed))
  t.same(listed.organisations.map((one: { name: string }) => one.name).sort(), [
    'General Hospital',
    'Other',
    'Own',
  ])
  const page = (await get('organisations?limit=2', operator)).json()
  t.equal(
    (await get(`organisations?limit=2&cursor=${page.next_cursor}`, operator)).json().organisations.length,
    1,
  )
  const one = (await get(`organisations/${id}`, operator)).json()
  t.doesNotThrow(() => organisationSchema.parse(one))
  const log = (await get(`audit-log?organisation_id=${id}`, operator)).json().audit_log
  t.same(
    log.map((line: { action: string; detail: object }) => [line.action, line.detail]),
    [
      ['organisation.changed', { suspended: false }],
      ['organisation.changed', { suspended: true, name: 'General Hospital' }],
      ['organisation.changed', { suspended: true }],
      ['organisation.created', { name: 'General' }],
    ],
  )
})

t.test('an admin of one organisation makes, sees and changes none', async t => {
  const { admin, operator, post, patch, get } = await core(t)
  t.equal((await post('organisations', admin, { name: 'x' })).statusCode, 403)
  t.equal((await get('organisations', admin)).statusCode, 403)
  t.equal((await get(`organisations/${admin.organisation}`, admin)).statusCode, 403)
  t.equal((await patch(`organisations/${operator.organisation}`, admin, { suspended: true })).statusCode, 403)
  t.equal((await get('organisations/me', admin)).json().name, 'Other', 'but may see their own')
})

const ann = { name: 'Ann', issuer: 'https://login.example/', subject: 'ann', roles: ['uploader', 'viewer'] }

t.test('users: made, listed, changed and disabled by an admin, of the own organisation only', async t => {
  const { admin, operator, post, patch, get } = await core(t)
  const made = await post('users', admin, ann)
  t.equal(made.statusCode, 201)
  const { id } = made.json()
  t.match(made.json(), {
    ...ann,
    organisation_id: admin.organisation,
    created_by: 'key:admin',
    disabled_at: null,
  })
  t.match((await post('users', admin, ann)).json(), { status: 409 })
  const users = (await get('users', admin)).json()
  t.doesNotThrow(() => pageOf('users', userSchema).parse(users))
  t.equal((await get('users', operator)).json().users.length, 0)
  t.equal((await get(`users?organisation_id=${admin.organisation}`, operator)).json().users.length, 1)
  t.equal((await get(`users?organisation_id=${operator.organisation}`, admin)).statusCode, 403)
  const changed = await patch(`users/${id}`, admin, { roles: ['viewer'], disabled: true })
  t.match(changed.json(), { roles: ['viewer'], name: 'Ann', disabled_at: String })
  t.equal((await patch(`users/${id}`, admin, { disabled: false })).json().disabled_at, null)
  t.match((await patch(`users/${id}`, admin, { roles: ['operator'] })).json(), { status: 403 })
  t.match((await post('users', admin, { ...ann, subject: 'eve', roles: ['operator'] })).json(), {
    status: 403,
  })
  t.equal((await post('users', operator, { ...ann, subject: 'op', roles: ['operator'] })).statusCode, 201)
  const theirs = (await get('users', operator)).json().users[0].id
  t.equal((await get(`users/${theirs}`, admin)).statusCode, 404)
  t.equal((await patch(`users/${theirs}`, admin, { disabled: true })).statusCode, 404)
  t.equal((await get(`users/${id}`, operator)).statusCode, 200)
  const nowhere = { ...ann, subject: 'no', organisation_id: '00000000-0000-4000-8000-00000000dead' }
  t.equal((await post('users', operator, nowhere)).statusCode, 404)
  for (const wrong of [
    { roles: [] },
    { roles: ['store'] },
    { roles: ['viewer', 'viewer'] },
    { subject: '' },
    { name: 'a\0' },
  ])
    t.equal((await post('users', admin, { ...ann, ...wrong })).statusCode, 400, JSON.stringify(wrong))
  const log = (await get('audit-log', admin)).json().audit_log
  t.same(
    log.map((line: { action: string }) => line.action),
    ['user.changed', 'user.changed', 'user.created'],
  )
})

t.test('somebody may be a user of several organisations, and none is told of the others', async t => {
  const { admin, operator, post, patch, get } = await core(t)
  const [first, second] = [
    await post('users', operator, ann),
    await post('users', admin, { ...ann, roles: ['viewer'] }),
  ]
  t.same([first.statusCode, second.statusCode], [201, 201])
  t.match(second.json(), { roles: ['viewer'], organisation_id: admin.organisation })
  const listed = (await get('users', admin)).json().users
  t.same(
    listed.map((user: { id: string }) => user.id),
    [second.json().id],
  )
  await patch(`users/${second.json().id}`, admin, { disabled: true, name: 'Nobody' })
  t.match((await get(`users/${first.json().id}`, operator)).json(), { name: 'Ann', disabled_at: null })
  t.equal((await get(`users/${first.json().id}`, admin)).statusCode, 404)
  t.equal((await patch(`users/${first.json().id}`, admin, { disabled: true })).statusCode, 404)
  const keyOf = (id: string) => post('api-keys', admin, { name: 'x', roles: ['viewer'], user_id: id })
  t.equal((await keyOf(first.json().id)).statusCode, 404, 'nor makes a key that ends with the other row')
  const log = JSON.stringify((await get('audit-log', admin)).json())
  t.notMatch(log, new RegExp(`${operator.organisation}|${first.json().id}`))
})

t.test('a key may belong to a user of the same organisation, never of another', async t => {
  const { admin, operator, post } = await core(t)
  const { id } = (await post('users', admin, ann)).json()
  const body = { name: 'x', roles: ['viewer'], user_id: id }
  t.equal((await post('api-keys', admin, body)).json().user_id, id)
  t.equal((await post('api-keys', operator, body)).statusCode, 404)
})
