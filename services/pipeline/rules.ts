/** `npm run rules`: every rule a price file is held against and every reason to refuse one, a line each. */
import { readOptions } from '@glimmr/lib/command'
import { type Rule, rules } from './rules/catalogue.ts'
import { refusals } from './rules/refusals.ts'

readOptions(
  {},
  `Every rule that a price file is held against, and every reason to refuse one, a line each.

  npm run rules`,
)

function show({ id, severity, from, until, message }: Rule): string {
  const span = from || until ? ` [template ${from ?? 'any'} to ${until ?? 'now'}]` : ''
  return `${severity.padEnd(8)} ${id.padEnd(34)} ${message}${span}`
}

const refused = Object.entries(refusals).map(
  ([kind, meaning]) => `refused  ${`glimmr.${kind}`.padEnd(34)} ${meaning}`,
)
process.stdout.write(`${[...Object.values(rules).map(show), ...refused].join('\n')}\n`)
