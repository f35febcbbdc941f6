/** Numbers as they are written, of which no digit may be lost. */
import { RequestError } from '../errors.ts'

/** Longer than any type of Postgres but numeric can hold, so not worth writing out. */
const farthest = 400

/** `-2E-2` is -0.02: not every type of Postgres reads exponents. */
export function plainNumber(text: string): string {
  const found = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(text)
  if (!found) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  const shift = Number(exponent)
  if (Math.abs(shift) > farthest) return text
  const zeros = Math.max(0, -shift - whole.length + 1)
  const digits = '0'.repeat(zeros) + whole + fraction + '0'.repeat(Math.max(0, shift - fraction.length))
  const point = whole.length + shift + zeros
  return `${sign}${digits.slice(0, point)}${point < digits.length ? `.${digits.slice(point)}` : ''}`
}

/** The text of an integer of so many bits; undefined when the number is none. 2.0 and 2e3 are integers. */
export function integerWithin(text: string, bits: number): string | undefined {
  const found = /^(-?\d+)(?:\.0*)?$/.exec(plainNumber(text))
  if (!found?.[1] || found[1].length > 30) return undefined
  const value = BigInt(found[1])
  return value === BigInt.asIntN(bits, value) ? String(value) : undefined
}

export function outside(path: string, text: string, of: 'integer' | 'float' = 'integer'): never {
  const end =
    of === 'float'
      ? 'lies outside the bounds. Is it overflowing the float bounds?'
      : 'lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?'
  throw new RequestError('parse-failed', path, `The value ${scientific(text)} ${end}`)
}

/** 2147483648 is written 2.147483648e9, and numbers from 0.1 up to ten million with a decimal point: as Haskell shows them. */
export function scientific(text: string): string {
  const found = /^(-?)0*(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!found) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  const written = `${whole}${fraction}`.replace(/^0+/, '')
  const digits = written.replace(/0+$/, '')
  if (digits === '') return '0.0'
  // Of 0.d₁d₂…, the power of ten.
  const power = Number(exponent) - fraction.length + written.length
  if (power > 0 && power <= 7) {
    const padded = digits.padEnd(power, '0')
    return `${sign}${padded.slice(0, power)}.${padded.slice(power) || '0'}`
  }
  if (power === 0) return `${sign}0.${digits}`
  return `${sign}${digits.slice(0, 1)}.${digits.slice(1) || '0'}e${power - 1}`
}
