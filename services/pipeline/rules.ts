/** `npm run rules`: every rule a price file is held against, a line a rule. */
import { type Rule, rules } from './rules/catalogue.ts'

function show({ id, severity, from, until, message }: Rule): string {
  const span = from || until ? ` [template ${from ?? 'any'} to ${until ?? 'now'}]` : ''
  return `${severity.padEnd(8)} ${id.padEnd(34)} ${message}${span}`
}

const lines = Object.values(rules).map(show)
process.stdout.write(`${lines.join('\n')}\n`)
