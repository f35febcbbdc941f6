import t from 'tap'
import { type Page, takePage } from './diff-answer.ts'
import type { GroupChanges } from './walk-changes.ts'

const change = (n: number) => ({ group: n, change: 'changed' as const, json: String(n) })

/** Groups 0, 1, 2, … with one change each or none; the clock goes on by `sortMs` for the first, then by `stepMs`. */
function walking({
  sortMs,
  stepMs,
  changed,
}: {
  sortMs: number
  stepMs: number
  changed(n: number): boolean
}) {
  let time = 0
  async function* walk(): AsyncGenerator<GroupChanges> {
    for (let n = 0; n < 1_000; n++) {
      time += n === 0 ? sortMs : stepMs
      yield { position: [String(n).padStart(4, '0'), 'x'], changes: changed(n) ? [change(n)] : [] }
    }
  }
  return { walk: walk(), now: () => time }
}

const page = (more: Pick<Page, 'walk'> & Partial<Page>): Page => ({
  limit: 100,
  scope: { list: 'changes', filters: {} },
  after: undefined,
  ...more,
})

t.test('a page is full where changes are, however long the walk took to begin', async t => {
  const { found, next } = await takePage(page(walking({ sortMs: 20_000, stepMs: 5, changed: () => true })))
  t.equal(found.length, 100)
  t.same(next, ['0099', 'x', 0])
})

t.test(
  'where changes are few, a page looks for them as long as the walk took to begin, and 3 s at least',
  async t => {
    const few = { stepMs: 100, changed: (n: number) => n % 50 === 0 }
    const slow = await takePage(page(walking({ sortMs: 20_000, ...few })))
    t.same(
      [slow.found, slow.next],
      [
        ['0', '50', '100', '150', '200'],
        ['0201', 'x', 0],
      ],
    )
    const quick = await takePage(page(walking({ sortMs: 10, ...few })))
    t.same([quick.found, quick.next], [['0'], ['0031', 'x', 0]])
  },
)

t.test('the last page has no next', async t => {
  const none = await takePage(page(walking({ sortMs: 1, stepMs: 1, changed: () => false })))
  t.same(none, { found: [], next: undefined })
})
