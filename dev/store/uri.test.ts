import t from 'tap'
import { canonicalQuery, decodeUri, encodePath, encodeUri, parseTarget } from './uri.ts'

/** A small generator with a fixed seed, so that every run sees the same thousand texts. */
function texts(count: number): string[] {
  let state = 12345
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  const points = [
    () => next(0x80),
    () => next(0x800),
    () => 0xe000 + next(0x1fff),
    () => 0x10000 + next(0xfffff),
  ]
  return Array.from({ length: count }, () => {
    return String.fromCodePoint(...Array.from({ length: next(20) }, () => points[next(4)]?.() ?? 0))
  })
}

t.test('any text comes back from its encoding, which uses no character outside of RFC 3986', async t => {
  for (const text of texts(1000)) {
    const encoded = encodeUri(text)
    if (decodeUri(encoded) !== text) t.fail(`${JSON.stringify(text)} became ${encoded}`)
    if (!/^(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*$/.test(encoded)) t.fail(`${encoded} is not canonical`)
  }
})

t.test('every byte is escaped exactly when AWS says so', async t => {
  const plain = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter(
    c => encodeUri(c) === c,
  )
  t.equal(plain.join(''), '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~')
  t.equal(encodeUri("é €*'()!"), '%C3%A9%20%E2%82%AC%2A%27%28%29%21')
  t.equal(encodePath('/a b//../c+d'), '/a%20b//../c%2Bd')
})

t.test('a path is decoded once and never resolved', async t => {
  t.strictSame(parseTarget('/b/../%2e%2e/a%252f%2Fx//'), { path: '/b/../../a%2f/x//', query: [] })
  t.equal(parseTarget(Buffer.from('/b/é').toString('latin1')).path, '/b/é', 'unescaped UTF-8 is understood')
  for (const broken of ['/b/%zz', '/b/%C3%28', '/b/%', 'b', `/b/\u00c3(`]) {
    t.throws(() => parseTarget(broken), { code: 'InvalidURI' }, broken)
  }
})

t.test('a query is sorted by its encoded bytes and keeps repeated names', async t => {
  t.equal(
    canonicalQuery(parseTarget('/?b=2&a=1&B&a=%20&a=+&%C3%A9=').query),
    '%C3%A9=&B=&a=%20&a=%20&a=1&b=2',
  )
  t.equal(
    canonicalQuery([
      ['a-', '1'],
      ['a', '2'],
      ['a%', '3'],
    ]),
    'a=2&a%25=3&a-=1',
  )
})
