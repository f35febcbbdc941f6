/** From the tape back to JSON: what a template does not name is kept as it was published, wherever Postgres stores it so. */
import { storableNumber, storableText } from './encoding.ts'
import { type JsonTape, kind } from './json-tape.ts'

/** The value as JSON text again, its numbers in the digits they had, those that jsonb cannot hold as texts. */
export function jsonOf(tape: JsonTape, token: number): string {
  switch (tape.kinds[token]) {
    case kind.object:
      return `{${children(tape, token, 2)
        .map(key => `${JSON.stringify(tape.text(key))}:${jsonOf(tape, key + 1)}`)
        .join(',')}}`
    case kind.array:
      return `[${children(tape, token, 1)
        .map(child => jsonOf(tape, child))
        .join(',')}]`
    case kind.string:
      return JSON.stringify(storableText(tape.text(token)))
    case kind.number:
      return storableNumber(tape.text(token))
    default:
      return tape.text(token)
  }
}

/** Of an object its keys, each with its value behind it. */
function children({ after }: JsonTape, token: number, step: 1 | 2): number[] {
  const found: number[] = []
  const end = after[token] ?? 0
  for (let child = token + 1; child < end; child = after[step === 2 ? child + 1 : child] ?? end)
    found.push(child)
  return found
}
