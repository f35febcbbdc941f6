/** The LIKE pattern for a lower-cased column that contains `text` in any case: its own `%`, `_` and `\` are plain. */
export function containing(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
}
