import type { SeedItem } from '@glimmr/dev/test-prices'
import t from 'tap'
import { core, item } from './test-filings.ts'

t.test('pages and lines give the same changes, each once', async t => {
  const { filings, db } = await core(t)
  const many = (dollar: (n: number) => string): SeedItem[] =>
    Array.from({ length: 900 }, (_, n) =>
      item(String(n), [
        ['A', dollar(n)],
        ['B', '1'],
        ['C', dollar(n)],
      ]),
    )
  const { get } = await filings(
    many(n => String(n)),
    many(n => (n % 3 ? String(n) : `${n}.5`)),
  )
  const lines = (await get('&format=ndjson')).body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.same(lines.pop(), { summary: { added: 0, removed: 0, changed: 600 } })
  t.equal(lines.length, 600)
  for (const limit of [23, 500]) {
    const paged: unknown[] = []
    for (let cursor = ''; ; ) {
      const page = (await get(`&limit=${limit}${cursor && `&cursor=${cursor}`}`)).json()
      t.ok(page.changes.length <= limit)
      paged.push(...page.changes)
      if (!page.next_cursor) break
      cursor = page.next_cursor
    }
    t.same(paged, lines, `${limit} at a time`)
  }
  const { rows } = await db.pool.query(
    "select from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()",
  )
  t.equal(rows.length, 0, 'no snapshot is left open')
})

t.test('one group of very many equal items is compared too', async t => {
  const { filings } = await core(t)
  const same = (dollar: (n: number) => string): SeedItem[] =>
    Array.from({ length: 3_000 }, (_, n) => ({
      description: 'Implant',
      codes: [['0278', 'RC']],
      charges: [{ rates: [{ payer: 'Acme', plan: 'PPO', dollar: dollar(n) }] }],
    }))
  const { changes } = await filings(
    same(n => String(n)),
    same(n => String(n + 1)),
  )
  const found = await changes()
  t.same(
    found.map(({ from, to }) => [from?.negotiated_dollar, to?.negotiated_dollar]),
    [[0, 3000]],
  )
})

t.test('files that take too long to compare are a 503 that says what else to ask for', async t => {
  const { filings, db } = await core(t, { diffTimeoutMs: 50 })
  const { get } = await filings([item('1', [])], [item('2', [])])
  const client = await db.pool.connect()
  await client.query('begin; lock table prices.item_codes in access exclusive mode')
  const [page, lines] = [await get(), await get('&format=ndjson')]
  await client.query('rollback')
  client.release()
  t.match(page.json(), { status: 503, detail: /format=ndjson.*`code`/ })
  t.match(lines.json(), { status: 503, detail: /too large.*: ask for one service by its `code`$/ })
})
