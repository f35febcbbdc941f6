/** How deep a JSON value is nested. */

const quote = 0x22
const backslash = 0x5c

/** Deeper than any template by an order of magnitude. */
export const mostDepth = 64

/** Whether a value is nested deeper than that: asked before it is given to code that calls itself for each level. */
export function nestedDeeper(bytes: Buffer, start: number, end: number): boolean {
  let depth = 0
  let inString = false
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if ((byte === 0x7b || byte === 0x5b) && ++depth > mostDepth) return true
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return false
}
