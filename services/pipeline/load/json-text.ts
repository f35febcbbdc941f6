/** JSON for Postgres, of what a file says (a cell, a key, the name in an archive): that may be anything. */

/** `value` as JSON, its keys and texts without NUL and with U+FFFD for lone surrogates: jsonb takes neither. */
export function jsonText(value: unknown): string {
  const json = JSON.stringify(value)
  if (!json.includes('\\u')) return json
  // Both are written as escapes, and each match is one whole escape: a backslash before it is seen for what it is.
  return json.replace(/\\(?:(u0000)|(ud[89a-f]..)|.)/g, (whole, nul, surrogate) =>
    nul ? '' : surrogate ? '\ufffd' : whole,
  )
}
