/** POST /v1/core/tokens. */
import t from 'tap'
import { addKey, ask, bearer, problemOf, setUp } from './test-auth.ts'

t.test(
  'a key for a token of fifteen minutes, with fewer scopes if wished; never a token for a token',
  async t => {
    const setup = await setUp(t)
    const { key } = await addKey(setup, ['partner'])
    const request = (headers: Record<string, string>, payload?: object) =>
      setup.auth.inject({ method: 'POST', url: '/v1/core/tokens', headers, ...(payload && { payload }) })
    const made = await request(bearer(key), { scopes: ['core:read'] })
    t.equal(made.statusCode, 200)
    t.equal(made.headers['cache-control'], 'no-store')
    const { access_token: token, ...rest } = made.json<{ access_token: string }>()
    t.same(rest, { token_type: 'Bearer', expires_in: 900, scope: 'core:read' })
    t.equal((await ask(setup, { headers: bearer(token), address: '/verify?scope=core:read' })).status, 200)
    t.equal((await ask(setup, { headers: bearer(token), address: '/verify?scope=links:read' })).status, 403)
    t.equal((await ask(setup, { headers: bearer(token) })).headers.authorization, `Bearer ${token}`)
    setup.clock.ms += 900_000
    t.match(problemOf(await ask(setup, { headers: bearer(token) })), {
      status: 401,
      detail: /expired; get a new one/,
    })
    t.match((await request(bearer(token))).json(), { status: 401, detail: /made from an API key/ })
    t.match((await request(bearer(key), { scopes: ['admin'] })).json(), {
      status: 403,
      detail: /does not have admin/,
    })
    t.match((await request({})).json(), { status: 401 })
    t.equal((await request(bearer(key), { scope: 'x' })).statusCode, 400)
  },
)
