import { createHash } from 'node:crypto'
import t from 'tap'
import { createApiKey, graphqlRoles, isApiKey, roles } from './api-keys.ts'

t.test('a key has the documented form, its hash is of the whole key, and no two are alike', async t => {
  const made = createApiKey({ roles: ['partner'] })
  t.match(made.key, /^glm_[a-z2-7]{8}_[\w-]{43}$/)
  t.ok(isApiKey(made.key))
  t.ok(made.key.startsWith(`${made.prefix}_`))
  t.same(made.hash, createHash('sha256').update(made.key).digest())
  t.not(createApiKey({ roles: ['partner'] }).key, made.key)
  for (const other of ['', 'glm_', made.key.slice(0, -1), `${made.key}x`, `x${made.key}`])
    t.notOk(isApiKey(other), other)
})

t.test(
  'scopes follow from the roles: admin has all within an organisation, operator those beyond it',
  async t => {
    const all = createApiKey({ roles: ['admin'] }).scopes
    t.same(createApiKey({ roles }).scopes, [...all, 'organisations'].sort())
    t.same(createApiKey({ roles: ['operator'] }).scopes, ['core:read', 'organisations'])
    t.same(createApiKey({ roles: ['viewer'] }).scopes, ['core:read', 'links:read'])
    t.same(createApiKey({ roles: ['partner', 'viewer'] }).scopes, ['core:read', 'links:read', 'links:write'])
    t.same(createApiKey({ roles: ['store'] }).scopes, ['media:events'])
    for (const role of roles.filter(role => role !== 'admin'))
      t.notOk(createApiKey({ roles: [role] }).scopes.includes('admin'), role)
    t.throws(() => createApiKey({ roles: [] }))
  },
)

t.test('over GraphQL only an operator is Hasura’s admin, who sees every organisation', async t => {
  t.same(graphqlRoles(['admin', 'operator']), ['admin', 'operator'])
  t.same(graphqlRoles(['admin']), ['uploader'])
  t.same(graphqlRoles(['viewer', 'admin', 'uploader']), ['viewer', 'uploader'])
  t.same(graphqlRoles(['partner']), ['partner'])
})
