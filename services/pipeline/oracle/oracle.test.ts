import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { bufferSource } from '../test-files.ts'
import { caseKinds, generated } from './cases.ts'
import { describedDifferences, unexplained, writtenDifferences } from './differences.ts'
import { exampleQuestion } from './example.ts'
import { askHere } from './here.ts'
import { judge } from './judge.ts'
import { judgeFile } from './real-file.ts'
import { sweep } from './sweep.ts'

const counts = {
  'csv rows': 100,
  'csv headers': 250,
  'csv lines': 100,
  'csv mixed': 100,
  'csv bytes': 150,
  'json items': 20,
  'json header': 20,
  'json mixed': 60,
  'json bytes': 60,
}
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

t.test('a JSON breaks the same rules wherever its items stand among the keys of the header', async t => {
  for (let seed = 1; seed <= 60; seed++) {
    const { text } = generated('json items', seed)
    const { standard_charge_information: items, ...header } = JSON.parse(text)
    const opinion = async (document: object) => {
      const { breaches, ...rest } = await askHere(bufferSource(Buffer.from(JSON.stringify(document))))
      return { ...rest, breaches: breaches.toSorted() }
    }
    const first = await opinion({ standard_charge_information: items, ...header })
    t.same(await opinion({ ...header, standard_charge_information: items }), first, `seed ${seed}`)
  }
})

t.test('the files that the validator is tested with itself', async t => {
  const entry = import.meta.resolve('@cmsgov/hpt-validator')
  const folder = new URL('../test/fixtures/', entry)
  const names = await readdir(folder, { recursive: true })
  const files = names.filter(name => /\.(csv|json)$/.test(name))
  t.ok(files.length >= 40, `${files.length} files`)
  for (const name of files) {
    const path = fileURLToPath(new URL(name, folder))
    const { judged } = await judgeFile(path, '3.0.0')
    // A refused file does not show which template it follows, so it may be either.
    const again = judged?.here.version === undefined ? await judgeFile(path, '2.2.0') : undefined
    const left = [judged, again?.judged].flatMap(found => (found ? [unexplained(found).left] : []))
    t.same(left.find(differences => differences.length === 0) ?? left, [], name)
  }
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
