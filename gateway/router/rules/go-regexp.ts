/**
 * Go's regular expressions (RE2) as JavaScript's. Route files are written for Go: every form is read as Go reads it and written
 * anew, and what cannot be is refused rather than read differently. https://pkg.go.dev/regexp/syntax
 */
import { Unshared } from './go-classes.ts'
import { readGo } from './go-syntax.ts'

/** Throws an Error with a sentence when `source` is no expression, or none that can be carried over. */
export function goRegExp(source: string): RegExp {
  try {
    const { text, ignoreCase } = readGo(source)
    return new RegExp(text, ignoreCase ? 'iu' : 'u')
  } catch (error) {
    if (error instanceof Unshared)
      throw new Error(
        `"${source}" uses a form that Go's and JavaScript's regular expressions do not share: ${error.message}`,
      )
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
