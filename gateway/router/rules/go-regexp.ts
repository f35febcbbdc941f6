/**
 * Go's regular expressions (RE2) as JavaScript's. Route files are written for Go; the few forms that differ are
 * rewritten, and what cannot be is refused rather than read differently.
 * https://pkg.go.dev/regexp/syntax
 */

const posix: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  space: '\\t\\n\\v\\f\\r ',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~',
}

/** Throws an Error with a sentence when `source` is no expression, or none that can be carried over. */
export function goRegExp(source: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(source)
  const body = (inline ? source.slice(inline[0].length) : source)
    .replace(/\(\?P</g, '(?<')
    .replace(/\[:(\w+):\]/g, (form, name: string) => posix[name] ?? form)
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
  if (/\(\?[a-zA-Z]*U|\\[CQE]|\(\?<?[=!]|\\[1-9]/.test(body))
    throw new Error(`"${source}" uses a form that Go's and JavaScript's regular expressions do not share`)
  try {
    return new RegExp(body, inline?.[1] ?? '')
  } catch (error) {
    throw new Error(`"${source}" is no regular expression: ${error instanceof Error ? error.message : error}`)
  }
}

/** Go's ReplaceAllString: `$1`, `${1}`, `${name}`; the longest name counts, so `$1x` is the group called 1x. */
export function replaceAll(text: string, expression: RegExp, template: string): string {
  const every = new RegExp(expression.source, `${expression.flags.replace('g', '')}g`)
  return text.replace(every, (...found: unknown[]) => {
    const last = found.at(-1)
    const named =
      typeof last === 'object' && last !== null ? (last as Record<string, string | undefined>) : {}
    return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (form, braced?: string, bare?: string) => {
      if (form === '$$') return '$'
      const name = braced ?? bare ?? ''
      const value = /^\d+$/.test(name) ? found[Number(name)] : named[name]
      return typeof value === 'string' && !(Number(name) > found.length) ? value : ''
    })
  })
}
