/** Somebody of another issuer may be a user of several organisations: which one a request is for, and who decides that. */
import { decodeJwt } from 'jose'
import t from 'tap'
import { addKey, ask, bearer, organisation as own, problemOf, type Setup } from '../test-auth.ts'
import { externalIssuer } from './test-issuer.ts'
import { member, said, withIssuer } from './test-setup.ts'

const other = '00000000-0000-4000-8000-00000000000b'
const nowhere = '00000000-0000-4000-8000-0000000000ff'

async function addUser(
  { db }: Setup,
  organisation: string,
  subject: string,
  roles: string,
  disabled = false,
) {
  await db.pool.query(
    `insert into core.users (organisation_id, name, issuer, subject, roles, created_by, disabled_at)
     values ($1, 'A user', $2, $3, $4, 'test', case when $5 then now() end)`,
    [organisation, externalIssuer, subject, `{${roles}}`, disabled],
  )
}

const addOther = ({ db }: Setup) =>
  db.pool.query(`insert into core.organisations (id, name) values ($1, 'Other')`, [other])

const acting = (organisation: string) => ({ 'x-organisation': organisation })

async function actsAs(setup: Setup, token: string, headers: Record<string, string>): Promise<string> {
  const { status, headers: given } = await ask(setup, { headers: { ...bearer(token), ...headers } })
  return status === 200 ? `${given['x-auth-roles']} of ${given['x-auth-org']}` : String(status)
}

t.test(
  'a user of two organisations acts for the one that the request names, with the roles there',
  async t => {
    const { issuer, setup } = await withIssuer(t, {})
    await addOther(setup)
    await addUser(setup, own, 'ann', 'uploader')
    await addUser(setup, other, 'ann', 'viewer')
    const token = await issuer.token({})
    for (let turn = 0; turn < 2; turn++) {
      t.equal(await actsAs(setup, token, acting(own)), `uploader of ${own}`)
      t.equal(await actsAs(setup, token, acting(other.toUpperCase())), `viewer of ${other}`)
    }
    const ours = async (headers: Record<string, string>) => {
      const { authorization } = (await ask(setup, { headers: { ...bearer(token), ...headers } })).headers
      return String(authorization).slice(7)
    }
    t.match(decodeJwt(await ours(acting(own))), { sub: 'acme:ann', org: own, roles: ['uploader'] })
    t.match(decodeJwt(await ours(acting(other))), { sub: 'acme:ann', org: other, roles: ['viewer'] })
    t.equal(await ours(acting(own)), await ours(acting(own)), 'the token of each is kept beside the other')
    const { headers } = await ask(setup, { headers: { ...bearer(token), ...acting(own) } })
    t.notOk('x-organisation' in headers, 'and services hear of the choice by the verdict alone')
  },
)

t.test(
  'which organisation is never found out from the rows there are: the admin of another could add one',
  async t => {
    const { issuer, setup } = await withIssuer(t, {})
    await addOther(setup)
    const token = await issuer.token({})
    await addUser(setup, other, 'ann', 'uploader')
    t.match(await said(setup, token), /^403 .*X-Organisation/, 'the only row draws nobody in')
    await addUser(setup, own, 'ann', 'viewer')
    t.match(await said(setup, token), /^403 .*X-Organisation/)
    t.equal(await actsAs(setup, token, acting(own)), `viewer of ${own}`, 'nor does it keep anybody out')
    await setup.db.pool.query('update core.users set disabled_at = now() where organisation_id = $1', [other])
    setup.clock.ms += 5000
    t.equal(await actsAs(setup, token, acting(own)), `viewer of ${own}`, 'nor when it is disabled there')
    t.match(await said(setup, token, '/verify', acting(other)), /^401 The user was disabled/)
    await setup.db.pool.query('update core.organisations set suspended_at = now() where id = $1', [other])
    setup.clock.ms += 5000
    t.equal(await actsAs(setup, token, acting(own)), `viewer of ${own}`, 'nor when all of it is suspended')
  },
)

t.test('who is no user of an organisation learns nothing of it: not even whether there is one', async t => {
  const { issuer, setup } = await withIssuer(t, { roles: { value: ['admin'] } })
  await addOther(setup)
  await addUser(setup, own, 'ann', 'viewer')
  const token = await issuer.token({})
  const foreign = await said(setup, token, '/verify', acting(other))
  t.match(foreign, /^403 .*nothing in it gives/, 'roles of the claims do not hold where the bearer likes')
  t.equal(await said(setup, token, '/verify', acting(nowhere)), foreign)
  await setup.db.pool.query('update core.organisations set suspended_at = now() where id = $1', [other])
  setup.clock.ms += 5000
  t.equal(await said(setup, token, '/verify', acting(other)), foreign)
  t.equal(await actsAs(setup, await issuer.token({ sub: 'eve' }), acting(own)), '403')
})

t.test(
  'where the token names an organisation nothing else does: no header, and no row of another',
  async t => {
    const { issuer, setup } = await withIssuer(t)
    await addOther(setup)
    await addUser(setup, other, 'ann', 'uploader', true)
    const token = await issuer.token(member)
    t.equal(await actsAs(setup, token, {}), `viewer of ${own}`)
    t.equal(await actsAs(setup, token, acting(own)), `viewer of ${own}`)
    t.match(await said(setup, token, '/verify', acting(other)), /^403 .*does not act for/)
    await addUser(setup, own, 'ann', 'partner')
    setup.clock.ms += 5000
    t.equal(await actsAs(setup, token, {}), `partner of ${own}`)
  },
)

t.test(
  'keys and tokens of ours have one organisation: another one is refused, the same is no matter',
  async t => {
    const { setup } = await withIssuer(t)
    await addOther(setup)
    const { key } = await addKey(setup, ['viewer'])
    const tokens = (headers: Record<string, string>) =>
      setup.auth.inject({ method: 'POST', url: '/v1/core/tokens', headers: { ...bearer(key), ...headers } })
    const token = (await tokens({})).json<{ access_token: string }>().access_token
    for (const credential of [key, token]) {
      t.equal(await actsAs(setup, credential, acting(own.toUpperCase())), `viewer of ${own}`)
      t.match(await said(setup, credential, '/verify', acting(other)), /^403 .*does not act for/)
    }
    t.equal((await tokens(acting(own))).statusCode, 200)
    t.equal((await tokens(acting(other))).statusCode, 403)
  },
)

t.test('what is no id, or names two, is refused before anything is asked', async t => {
  const { issuer, setup } = await withIssuer(t, {})
  await addUser(setup, own, 'ann', 'viewer')
  const token = await issuer.token({})
  for (const wrong of ['', 'Other', `${own},${other}`, `${own} `, '{}', "' or true", [own, own]]) {
    const verdict = await ask(setup, { headers: { ...bearer(token), 'x-organisation': wrong } })
    t.equal(verdict.status, 403, JSON.stringify(wrong))
    t.match(problemOf(verdict).detail, /the id of one organisation/)
  }
  const overHttp = await setup.auth.inject({
    url: '/verify',
    headers: { ...bearer(token), 'x-organisation': [own, other] },
  })
  t.equal(overHttp.statusCode, 403)
})

t.test('a browser names it among the sub-protocols of its WebSocket, beside the token', async t => {
  const { issuer, setup } = await withIssuer(t, {})
  await addUser(setup, own, 'ann', 'viewer')
  const token = await issuer.token({})
  const shown = (...organisations: string[]) => ({
    'sec-websocket-protocol': [
      'graphql-transport-ws',
      `glimmr.bearer.${token}`,
      ...organisations.map(id => `glimmr.organisation.${id}`),
    ].join(', '),
  })
  const verdict = await ask(setup, { headers: shown(own) })
  t.match(verdict.headers, { 'x-auth-org': own, 'sec-websocket-protocol': 'graphql-transport-ws' })
  t.notMatch(verdict.headers['sec-websocket-protocol'], /glimmr/)
  for (const wrong of [shown(), shown(own, own), shown(other), { ...shown(own), ...acting(own) }])
    t.equal((await ask(setup, { headers: wrong })).status, 403)
})

t.test('without a mapping only users that core knows get in; scopes narrow what roles give', async t => {
  const { issuer, setup } = await withIssuer(t, { scopes: { claim: 'scope' }, limit_class: 'bulk' })
  t.equal(await actsAs(setup, await issuer.token(member), acting(own)), '403')
  await addUser(setup, own, 'bob', 'uploader')
  const token = await issuer.token({ sub: 'bob', scope: 'core:read admin organisations' })
  const verdict = await ask(setup, { headers: { ...bearer(token), ...acting(own) } })
  t.match(verdict.headers, { 'x-auth-scopes': 'core:read', 'x-auth-class': 'bulk' })
  t.match(
    await said(setup, await issuer.token({ sub: 'bob' }), '/verify?scope=core:read', acting(own)),
    /^403/,
  )
})
