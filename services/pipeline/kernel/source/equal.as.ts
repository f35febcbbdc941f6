/** Whether the same bytes stand at two places. */
@inline
export function equal(one: usize, other: usize, length: i32): bool {
  let at = 0
  for (; at + 16 <= length; at += 16)
    if (v128.any_true(v128.xor(v128.load(one + at), v128.load(other + at)))) return false
  if (at === length) return true
  const alike = i8x16.bitmask(i8x16.eq(v128.load(one + at), v128.load(other + at)))
  return (alike | (-1 << (length - at))) === -1
}
