/**
 * JSON whose numbers keep their digits. A number that a double does not hold, 50755254975729665 or 1e400, is read as an
 * object of `JSON.rawJSON`, which JSON.stringify writes as it came; every other number is a number.
 *
 * Source: https://tc39.es/proposal-json-parse-with-source/
 */
type Raw = { rawJSON: string }
/** TypeScript does not know these yet; Node has them since 22. */
const exact = JSON as unknown as {
  rawJSON(text: string): Raw
  isRawJSON(value: unknown): value is Raw
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
}

/** Fewer digits and smaller exponents a double always holds: most texts need no second look. */
const suspicious = /[\d.]{17}|\d[eE][+-]?\d{3}/

/** Whether JSON.parse may be wrong about a number in it. */
export function mayLoseDigits(text: string): boolean {
  return suspicious.test(text)
}

/** Throws a SyntaxError as JSON.parse does, and a RangeError for what is nested too deep. */
export function parseExact(text: string): unknown {
  if (!mayLoseDigits(text)) return JSON.parse(text)
  return exact.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactNumber(source) : value,
  )
}

/** A number as written: a number where that says the same, its text kept where not. */
export function exactNumber(source: string): number | Raw {
  const number = Number(source)
  return Number.isFinite(number) && sameNumber(source, number) ? number : exact.rawJSON(source)
}

/** The text of a number, of either kind. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return exact.isRawJSON(value) ? value.rawJSON : undefined
}

export function isRawNumber(value: unknown): boolean {
  return exact.isRawJSON(value)
}

function sameNumber(source: string, number: number): boolean {
  const [left, right] = [decimal(source), decimal(String(number))]
  return left.digits === right.digits && left.exponent === right.exponent
}

/** Its digits without the zeros around them, and where its point is. */
function decimal(text: string): { digits: string; exponent: number } {
  const [mantissa = '', exponent = '0'] = text.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = `${whole}${fraction}`.replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  if (digits === '') return { digits, exponent: 0 }
  return { digits, exponent: Number(exponent) - fraction.length + (all.length - digits.length) }
}
