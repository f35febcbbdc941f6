import { Problem } from '@glimmr/lib/errors'
import t from 'tap'
import { priceQuery, priceTarget, urlTarget } from './targets.ts'

const options = {
  publicUrl: 'https://glimmr.example',
  linkHosts: ['example.org', '*.example.com', 'localhost:5173'],
}

function target(url: string): string | number {
  try {
    return urlTarget(url, options)
  } catch (error) {
    return error instanceof Problem ? error.status : String(error)
  }
}

t.test('a URL leads to an allowed host, as browsers will read it', async t => {
  t.equal(target('https://example.org'), 'https://example.org/')
  t.equal(target('HTTPS://EXAMPLE.ORG/a?b=c#d'), 'https://example.org/a?b=c#d')
  t.equal(target('http://a.b.example.com/ä'), 'http://a.b.example.com/%C3%A4')
  t.equal(target('http://localhost:5173/x'), 'http://localhost:5173/x')
  t.equal(target('https://glimmr.example/v1/core/files'), 'https://glimmr.example/v1/core/files')
})

t.test('nothing else does', async t => {
  const refused = [
    'https://evil.test/',
    'https://example.com/',
    'https://notexample.com/',
    'https://.example.com/',
    'https://example.org.evil.test/',
    'https://example.org:8443/',
    'https://example.org./',
    'http://localhost/',
    'https://example.org@evil.test/',
    'https://user:pass@example.org/',
    'https://@example.org/',
    'https://example.org\\@evil.test/',
    'https:\\\\example.org/',
    'https:/example.org/',
    'https:example.org',
    '//example.org/',
    '/path',
    'javascript:alert(1)//https://example.org',
    'data:text/html,https://example.org',
    'ftp://example.org/',
    ' https://example.org/',
    'https://exam\tple.org/',
    'https://example.org/\r\nset-cookie:a=b',
    'https://example.org/\u202e',
    'https://еxample.org/',
    'https://example.org%2eevil.test/',
    'https://[::1]/',
    'https://glimmr.example/l/abcd',
    'https://glimmr.example//l/abcd',
    'https://glimmr.example/%6c/abcd',
    'https://glimmr.example/x/../l/abcd',
    'https://',
    '',
  ]
  for (const url of refused) t.equal(target(url), 422, JSON.stringify(url))
})

t.test('the same search is the same target, whatever the order of its parameters', async t => {
  const one = priceTarget(priceQuery.parse({ payer: 'A & B', code: '70551', code_type: 'cpt', limit: 5 }))
  t.equal(one, '/v1/core/prices?code=70551&code_type=CPT&payer=A+%26+B&limit=5')
  t.equal(priceTarget(priceQuery.parse({ limit: '5', code_type: 'CPT', code: '70551', payer: 'A & B' })), one)
})
