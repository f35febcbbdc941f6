/** What a refusal says, and to whom. */
import { createApiKey } from '@glimmr/lib/api-keys'
import t from 'tap'
import { type Ask, addKey, ask, bearer, problemOf, setUp } from './test-auth.ts'

t.test('every refusal says why, in a problem document with the request and trace id', async t => {
  const setup = await setUp(t)
  const good = await addKey(setup, ['viewer'])
  const expired = await addKey(setup, ['viewer'], { expires_at: new Date(setup.clock.ms - 1000) })
  const revoked = await addKey(setup, ['viewer'], { revoked_at: new Date(setup.clock.ms - 1000) })
  const unknown = createApiKey({ roles: ['admin'] }).key
  const cases: [Ask, number, RegExp, RegExp][] = [
    [{}, 401, /needs an API key/, /^Bearer realm="glimmr"$/],
    [{ headers: { authorization: 'Basic dTpw' } }, 401, /not of the form/, /invalid_token/],
    [{ headers: { authorization: 'Bearer' } }, 401, /not of the form/, /invalid_token/],
    [{ headers: bearer('glm_short') }, 401, /not of the form of an API key/, /invalid_token/],
    [{ headers: bearer(unknown) }, 401, /no such API key/, /invalid_token/],
    [{ headers: bearer(expired.key) }, 401, /has expired/, /invalid_token/],
    [{ headers: bearer(revoked.key) }, 401, /was revoked/, /invalid_token/],
    [{ headers: { ...bearer(good.key), 'x-api-key': good.key } }, 401, /one credential/, /invalid_token/],
    [
      { headers: { authorization: [`Bearer ${good.key}`, 'Bearer x'] } },
      401,
      /one credential/,
      /invalid_token/,
    ],
    [
      { headers: bearer(good.key), address: '/verify?scope=media:read' },
      403,
      /needs the scope media:read; the credential has core:read/,
      /insufficient_scope.*scope="media:read"/,
    ],
    [
      { headers: { ...bearer(good.key), 'x-hasura-role': 'admin' } },
      403,
      /must be one of viewer/,
      /insufficient_scope/,
    ],
    [
      { headers: { ...bearer(good.key), 'x-hasura-role': ['viewer', 'admin'] } },
      403,
      /must be one of/,
      /insufficient_scope/,
    ],
  ]
  for (const [question, status, detail, challenge] of cases) {
    const verdict = await ask(setup, question)
    t.equal(verdict.status, status, String(detail))
    t.equal(verdict.headers['content-type'], 'application/problem+json')
    t.match(verdict.headers['www-authenticate'], challenge)
    t.match(problemOf(verdict), {
      status,
      detail,
      request_id: 'req-1',
      trace_id: 'trace-1',
      instance: '/v1/core/x',
    })
    t.notMatch(JSON.stringify(verdict), /glm_[a-z0-9]{8}_/, 'no key is repeated')
    t.equal(verdict.headers['x-auth-subject'], undefined)
  }
  const { body } = await setup.auth.inject('/metrics')
  for (const reason of [
    'no_credentials',
    'unknown_key',
    'expired_key',
    'revoked_key',
    'missing_scope',
    'role_not_allowed',
    'two_credentials',
  ])
    t.match(body, new RegExp(`glimmr_auth_verdicts_total\\{reason="${reason}".*\\} [1-9]`), reason)
})

t.test('the router’s own refusals are problems with the path that was asked for', async t => {
  const { auth } = await setUp(t)
  const limited = await auth.inject({
    url: `/problems/429?url=${encodeURIComponent('http://api/v1/core/prices?code=1')}`,
    headers: { 'x-request-id': 'abc' },
  })
  t.equal(limited.statusCode, 429)
  t.equal(limited.headers['retry-after'], '2')
  t.equal(limited.headers['content-type'], 'application/problem+json')
  t.same(limited.json(), {
    type: 'about:blank',
    title: 'Too Many Requests',
    status: 429,
    detail: 'Too many requests; wait and try again',
    instance: '/v1/core/prices',
    request_id: 'abc',
  })
  const unknown = await auth.inject({
    method: 'POST',
    url: '/problems/404',
    headers: { 'x-replaced-path': '/nowhere', 'content-type': 'application/json' },
    payload: '{broken',
  })
  t.equal(unknown.statusCode, 404)
  t.match(unknown.json(), { instance: '/nowhere', status: 404 })
  for (const odd of [
    '/problems/200',
    '/problems/999',
    '/problems/x',
    '/problems/404?url=%00',
    '/problems/404?url=a&url=b',
  ])
    t.equal((await auth.inject(odd)).statusCode, 404, odd)
})
