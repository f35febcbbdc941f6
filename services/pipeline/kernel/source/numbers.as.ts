/** Numbers as CMS writes them. */

/** Digits before the point of a number as CMS writes it, above zero; -1 for anything else, and for one of 17 characters. */
@inline
export function wholeDigits(start: usize, end: usize): i32 {
  const length = (end - start) as i32
  if (length > 16) return -1
  const bytes = v128.load(start)
  const inside = (1 << length) - 1
  const points = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2e))) & inside
  const digits = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10))) & inside
  const zeros = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x30))) & inside
  if ((points | digits) !== inside || digits === zeros || (points & (points - 1)) !== 0) return -1
  return points === 0 ? length : ctz(points)
}

/** 999999999 once stood for "not enough data". */
@inline
export function mayBeNines(start: usize, end: usize): bool {
  return end - start >= 9 && load<u8>(start) === 0x39
}
