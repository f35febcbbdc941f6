/** `npm run check:oracle -- [--cases N] [--seed S]`: as many generated files as wanted against the official validator. */
import { readOptions } from '@glimmr/lib/command'
import { caseKinds } from './oracle/cases.ts'
import { sweep } from './oracle/sweep.ts'

const values = readOptions(
  {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
  `Made-up price files against the official validator of CMS.

  npm run check:oracle -- [--cases 1000] [--seed S]

Ends with 1 when the two differ in a way that nothing explains.`,
)
const [count, from] = [Number(values.cases), Number(values.seed)]
let failed = 0
console.log(`${count} files of each kind from seed ${from}`)
for (const kind of caseKinds) {
  const found = await sweep(kind, { from, count: kind.startsWith('json') ? Math.ceil(count / 10) : count })
  for (const line of found.unexplained.slice(0, 20)) console.log(line)
  failed += found.unexplained.length
  console.log(
    `${kind}: ${found.cases} files, ${found.breaches} breaches, ${found.unexplained.length} unexplained`,
  )
}
process.exitCode = failed > 0 ? 1 : 0
