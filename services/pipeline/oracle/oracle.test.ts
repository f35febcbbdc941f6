import { readFile } from 'node:fs/promises'
import t from 'tap'
import { caseKinds } from './cases.ts'
import { describedDifferences, unexplained, writtenDifferences } from './differences.ts'
import { exampleQuestion } from './example.ts'
import { judge } from './judge.ts'
import { sweep } from './sweep.ts'

const counts = { 'csv rows': 100, 'csv headers': 250, 'csv lines': 100, 'json items': 20, 'json header': 20 }
const markdown = await readFile(new URL('../DIFFERENCES.md', import.meta.url), 'utf8')

t.test('generated files: verdict, rules and cells are those of the official validator', async t => {
  const rules = new Set<string>()
  for (const kind of caseKinds) {
    const found = await sweep(kind, { from: 1, count: counts[kind] })
    t.same(found.unexplained, [], `${kind}: ${found.cases} files, ${found.breaches} breaches`)
    for (const rule of found.rules) rules.add(rule)
  }
  t.ok(rules.size >= 40, `${rules.size} rules were broken`)
})

t.test(
  'each difference has its entry in DIFFERENCES.md, and each entry an example in which it occurs',
  async t => {
    const written = writtenDifferences(markdown)
    t.same([...written.keys()].toSorted(), Object.keys(describedDifferences).toSorted())
    for (const [name, example] of written) {
      const judged = await judge(exampleQuestion(example))
      if (!judged) {
        t.fail(`${name}: the validator does not know the template`)
        continue
      }
      const { left, used } = unexplained(judged)
      t.same(left, [], `${name} explains what differs`)
      t.ok(used.includes(name), `${name} still occurs`)
      const told = (side: string) =>
        judged.differences
          .filter(difference => difference.side === side)
          .map(({ rule, cell }) => `${rule} ${cell}`)
      t.same(told('validator'), example.validator, `${name}: what the validator alone says`)
      t.same(told('here'), example.here, `${name}: what is said here alone`)
    }
  },
)
