import t from 'tap'
import { readAuthConfig } from '../config.ts'
import { parseIssuers } from './issuer.ts'

t.test('what is wrong in the configuration is said at the start', async t => {
  const good = { name: 'a', issuer: 'https://a/', audience: 'x', jwks_url: 'https://a.example/keys' }
  t.equal(parseIssuers(JSON.stringify({ issuers: [good] })).length, 1)
  const wrong: [object, RegExp][] = [
    [{ ...good, audience: undefined }, /audience/],
    [{ ...good, name: 'key' }, /taken/],
    [{ ...good, issuer: 'glimmr' }, /our own/],
    [{ ...good, jwks_url: 'http://a.example/keys' }, /must be https/],
    [{ ...good, jwks_url: 'http://a.example/keys', private: true }, /must be https/],
    [{ ...good, jwks_url: 'http://127.0.0.1/keys' }, /must be https/],
    [{ ...good, jwks_url: 'https://169.254.169.254/keys' }, /not a public address/],
    [{ ...good, jwks_url: 'https://a:b@a.example/keys' }, /password/],
    [{ ...good, jwks_url: undefined, issuer: 'acme' }, /no URL to ask/],
    [{ ...good, jwks_url: undefined, issuer: 'https://a.example/?b' }, /no URL to ask/],
    [{ ...good, jwks_url: undefined, issuer: 'http://a.example' }, /must be https/],
    [{ ...good, jwks_url: 'file:///etc/passwd' }, /jwks_url/],
    [{ ...good, algorithms: ['none'] }, /algorithms/],
    [{ ...good, algorithms: ['HS256'] }, /algorithms/],
    [{ ...good, algorithms: ['RS256', 'HS256'] }, /algorithms/],
    [{ ...good, roles: { value: ['operator'] } }, /roles/],
    [{ ...good, extra: 1 }, /not known here/],
  ]
  for (const [issuer, message] of wrong)
    t.throws(() => parseIssuers(JSON.stringify({ issuers: [issuer] })), { message }, String(message))
  t.throws(() => parseIssuers(JSON.stringify({ issuers: [good, good] })), { message: /same name/ })
  const variables = { DATABASE_URL: 'postgresql://x@localhost/x', ISSUERS: '{' }
  t.throws(() => readAuthConfig(variables), { message: /ISSUERS: .*not JSON/ })
  t.same(readAuthConfig({ ...variables, ISSUERS: '' }).ISSUERS, [])
})
