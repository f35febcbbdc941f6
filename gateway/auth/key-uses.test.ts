import t from 'tap'
import { addKey, ask, bearer, setUp } from './test-auth.ts'

t.test('uses of keys are counted in batches and never lost to a database that is away', async t => {
  const setup = await setUp(t)
  const { key, id } = await addKey(setup, ['viewer'])
  for (let use = 0; use < 5; use++) await ask(setup, { headers: bearer(key) })
  await ask(setup, {})
  await setup.auth.close()
  const { rows } = await setup.db.pool.query('select api_key_id, uses::int, last_used_at from auth.key_uses')
  t.match(rows, [{ api_key_id: id, uses: 5, last_used_at: new Date(setup.clock.ms) }])
  const second = await setup.restart()
  await ask({ auth: second }, { headers: bearer(key) })
  await second.close()
  const again = await setup.db.pool.query('select uses::int from auth.key_uses')
  t.same(again.rows, [{ uses: 6 }])
})
