/** Many generated files asked of both sides: what no entry of DIFFERENCES.md explains, and which entries were met. */
import { type CaseKind, generated } from './cases.ts'
import { unexplained } from './differences.ts'
import { judge } from './judge.ts'

export type Sweep = {
  cases: number
  breaches: number
  unexplained: string[]
  used: Set<string>
  rules: Set<string>
}

export async function sweep(kind: CaseKind, seeds: { from: number; count: number }): Promise<Sweep> {
  const found: Sweep = { cases: 0, breaches: 0, unexplained: [], used: new Set(), rules: new Set() }
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed++) {
    const judged = await judge(generated(kind, seed))
    if (!judged) continue
    const { left, used } = unexplained(judged)
    found.cases++
    found.breaches += judged.validator.breaches.length
    for (const breach of judged.validator.breaches) found.rules.add(breach.slice(0, breach.indexOf(' ')))
    for (const name of used) found.used.add(name)
    const name = `${kind} ${seed}`
    for (const { side, rule, cell } of left)
      found.unexplained.push(`${name}: ${side} alone has ${rule} at ${cell}`)
    if (judged.validator.valid !== judged.here.valid && used.length === 0)
      found.unexplained.push(
        `${name}: ${verdict(judged.validator)} for the validator, ${verdict(judged.here)} here`,
      )
  }
  return found
}

const verdict = ({ valid }: { valid: boolean }) => (valid ? 'valid' : 'invalid')
