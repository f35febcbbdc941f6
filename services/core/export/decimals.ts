/**
 * Amounts as DECIMAL(18, 6), which every reader of Parquet takes for exact and adds up exactly. Published amounts have two
 * decimals, seldom up to six; one that does not fit is rounded (or null beyond 10^12), and its digits go to the column
 * `rounded`, so that nothing is lost.
 */
export const precision = 18
export const scale = 6

const form = /^(-?)(\d{1,12})(?:\.(\d+))?$/

export type Decimal = { unscaled: bigint | null; exact: boolean }

const none: Decimal = { unscaled: null, exact: true }

/** `12.50` → 12500000n. Half is rounded away from zero. */
export function decimalOf(digits: string | null): Decimal {
  if (digits === null) return none
  const match = form.exec(digits)
  if (!match) return { unscaled: null, exact: false }
  const [, sign = '', whole = '', fraction = ''] = match
  const kept = fraction.slice(0, scale).padEnd(scale, '0')
  const rest = fraction.slice(scale)
  const size = BigInt(whole + kept) + (rest[0] !== undefined && rest[0] >= '5' ? 1n : 0n)
  return { unscaled: sign ? -size : size, exact: /^0*$/.test(rest) }
}

/** As `decimalOf`, remembering: amounts repeat. */
export function rememberDecimals(most = 50_000): (digits: string | null) => Decimal {
  const known = new Map<string, Decimal>()
  return digits => {
    if (digits === null) return none
    const found = known.get(digits)
    if (found) return found
    const made = decimalOf(digits)
    if (known.size >= most) known.clear()
    known.set(digits, made)
    return made
  }
}
