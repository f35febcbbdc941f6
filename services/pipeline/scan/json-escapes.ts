/** Escapes of JSON strings (RFC 8259, 7), resolved in the bytes they stand in: none is longer than what it stands for. */

const backslash = 0x5c

type Fail = (message: string) => never

/** Resolves escapes in place; returns where the text ends. */
export function resolveEscapes(bytes: Buffer, start: number, end: number, fail: Fail): number {
  let to = start
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte !== backslash) {
      bytes[to++] = byte
      continue
    }
    const letter = bytes[++at] ?? 0
    if (letter === 0x75) {
      const unit = hex(bytes, at + 1, end, fail)
      at += 4
      const pair =
        unit >= 0xd800 && unit < 0xdc00 && bytes[at + 1] === backslash && bytes[at + 2] === 0x75
          ? hex(bytes, at + 3, end, fail)
          : 0
      if (pair >= 0xdc00 && pair < 0xe000) {
        to = character(bytes, to, 0x10000 + ((unit - 0xd800) << 10) + (pair - 0xdc00))
        at += 6
      } else to = character(bytes, to, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit)
    } else bytes[to++] = plainEscapes.get(letter) ?? fail('a string holds an unknown escape')
  }
  bytes.fill(0x20, to, end)
  return to
}

function hex(bytes: Buffer, at: number, end: number, fail: Fail): number {
  const digits = bytes.toString('latin1', at, at + 4)
  if (at + 4 > end || !/^[0-9a-fA-F]{4}$/.test(digits)) fail('a string holds a broken \\u escape')
  return Number.parseInt(digits, 16)
}

function character(bytes: Buffer, at: number, point: number): number {
  return at + bytes.write(String.fromCodePoint(point), at, 'utf8')
}

const plainEscapes = new Map(
  [...'"\\/bfnrt'].map((letter, index) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
)
