/** How long a key is good for: revoked, suspended, expired, and while the database is away. */
import { createApiKey } from '@glimmr/lib/api-keys'
import t from 'tap'
import { addKey, ask, bearer, organisation, problemOf, setUp } from './test-auth.ts'

t.test('a revocation is seen within five seconds, for the key and for tokens made from it', async t => {
  const setup = await setUp(t)
  const key = await addKey(setup, ['viewer'])
  const made = await setup.auth.inject({
    method: 'POST',
    url: '/v1/core/tokens',
    headers: { 'x-api-key': key.key },
  })
  const { access_token: token } = made.json<{ access_token: string }>()
  t.equal((await ask(setup, { headers: bearer(key.key) })).status, 200)
  t.equal((await ask(setup, { headers: bearer(token) })).status, 200)
  await setup.db.pool.query('update core.api_keys set revoked_at = now() where id = $1', [key.id])
  setup.clock.ms += 5000
  t.match(problemOf(await ask(setup, { headers: bearer(key.key) })), { status: 401, detail: /revoked/ })
  t.match(problemOf(await ask(setup, { headers: bearer(token) })), { status: 401, detail: /revoked/ })
  await setup.db.pool.query('delete from core.api_keys where id = $1', [key.id])
  setup.clock.ms += 5000
  t.match(problemOf(await ask(setup, { headers: bearer(key.key) })), { status: 401, detail: /no such/ })
})

t.test('two instances that share a database both see a revocation within five seconds', async t => {
  const setup = await setUp(t)
  const instances = [setup.auth, await setup.restart()]
  const key = await addKey(setup, ['viewer'])
  const statuses = () =>
    Promise.all(instances.map(async auth => (await ask({ auth }, { headers: bearer(key.key) })).status))
  t.same(await statuses(), [200, 200])
  await setup.db.pool.query('update core.api_keys set revoked_at = now() where id = $1', [key.id])
  setup.clock.ms += 5000
  t.same(await statuses(), [401, 401])
})

t.test(
  'a suspended organisation and a disabled user end their keys, until they are let in again',
  async t => {
    const setup = await setUp(t)
    const { rows } = await setup.db.pool.query<{ id: string }>(
      `insert into core.users (organisation_id, name, issuer, subject, roles, created_by)
     values ($1, 'Ann', 'https://login.example/', 'ann', '{viewer}', 'test') returning id`,
      [organisation],
    )
    const key = await addKey(setup, ['viewer'], { user_id: String(rows[0]?.id) })
    const asked = async () => {
      setup.clock.ms += 5000
      const verdict = await ask(setup, { headers: bearer(key.key) })
      return verdict.status === 200 ? 'admitted' : problemOf(verdict).detail
    }
    t.equal(await asked(), 'admitted')
    await setup.db.pool.query('update core.users set disabled_at = now()')
    t.equal(await asked(), 'The user was disabled')
    await setup.db.pool.query('update core.users set disabled_at = null')
    await setup.db.pool.query('update core.organisations set suspended_at = now()')
    t.equal(await asked(), 'The organisation is suspended')
    await setup.db.pool.query('update core.organisations set suspended_at = null')
    t.equal(await asked(), 'admitted')
  },
)

t.test('a flood of unknown keys, or of one key at once, is few queries and bounded memory', async t => {
  const setup = await setUp(t)
  const key = await addKey(setup, ['viewer'])
  const { rows: before } = await setup.db.pool.query<{ calls: number }>(
    "select coalesce(sum(idx_scan), 0)::int as calls from pg_stat_user_indexes where indexrelname = 'api_keys_hash_key'",
  )
  const answers = await Promise.all(
    Array.from({ length: 500 }, async () => (await ask(setup, { headers: bearer(key.key) })).status),
  )
  t.ok(answers.every(status => status === 200))
  const unknown = createApiKey({ roles: ['admin'] }).key
  for (let turn = 0; turn < 100; turn++) t.equal((await ask(setup, { headers: bearer(unknown) })).status, 401)
  await setup.auth.close()
  const { rows: after } = await setup.db.pool.query<{ calls: number }>(
    "select coalesce(sum(idx_scan), 0)::int as calls from pg_stat_user_indexes where indexrelname = 'api_keys_hash_key'",
  )
  t.ok(Number(after[0]?.calls) - Number(before[0]?.calls) <= 4, 'one query each')
})

t.test('a key that expires while it is in use stops at that moment', async t => {
  const setup = await setUp(t)
  const { key } = await addKey(setup, ['viewer'], { expires_at: new Date(setup.clock.ms + 1000) })
  t.equal((await ask(setup, { headers: bearer(key) })).status, 200)
  setup.clock.ms += 1000
  t.match(problemOf(await ask(setup, { headers: bearer(key) })), { detail: /expired/ })
})

t.test('while the database is away known keys last a minute, unknown ones wait', async t => {
  const setup = await setUp(t)
  const known = await addKey(setup, ['viewer'])
  const other = await addKey(setup, ['viewer'])
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 200)
  await setup.db.pool.query('alter table core.api_keys rename to hidden')
  setup.clock.ms += 20_000
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 200)
  const waiting = await ask(setup, { headers: bearer(other.key) })
  t.equal(waiting.status, 503)
  t.equal(waiting.headers['retry-after'], '5')
  setup.clock.ms += 60_000
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 503)
  await setup.db.pool.query('alter table core.hidden rename to api_keys')
  t.equal((await ask(setup, { headers: bearer(known.key) })).status, 200)
})
