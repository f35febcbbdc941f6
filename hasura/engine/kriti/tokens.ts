/** Kriti's text → tokens, each with its place. Text outside of strings is JSON; `{{ … }}` may stand anywhere. */
export type Token = {
  is: 'punctuation' | 'name' | 'number' | 'string' | 'template'
  text: string
  /** Of a string: its parts, an expression's text among them. */
  parts?: StringPart[]
  from: number
  to: number
}
export type StringPart = { text: string } | { expression: string; from: number }

export class KritiError extends Error {
  readonly kind: string
  readonly from: number
  readonly to: number
  constructor(kind: string, message: string, { from, to }: { from: number; to: number }) {
    super(message)
    this.kind = kind
    this.from = from
    this.to = to
  }
}

const punctuation = /^(\{\{|\}\}|:=|==|!=|<=|>=|&&|\|\||\?\?|\?\.|[{}[\](),:.<>?])/
const name = /^[$A-Za-z_][$\w-]*/
const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/

export function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const rest = source.slice(at)
    const space = /^(\s+|#[^\n]*)/.exec(rest)
    if (space) {
      at += space[0].length
      continue
    }
    const token = tokenAt(source, at, rest)
    tokens.push(token)
    at = token.to
  }
  return tokens
}

function tokenAt(source: string, from: number, rest: string): Token {
  if (rest.startsWith('"')) return stringAt(source, from, '"')
  if (rest.startsWith("'")) return stringAt(source, from, "'")
  for (const [is, pattern] of [
    ['number', number],
    ['name', name],
    ['punctuation', punctuation],
  ] as const) {
    const found = pattern.exec(rest)
    if (found) return { is, text: found[0], from, to: from + found[0].length }
  }
  throw new KritiError('Lexical Error', `unexpected ${JSON.stringify(rest[0])}`, { from, to: from + 1 })
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

function stringAt(source: string, from: number, quote: string): Token {
  const parts: StringPart[] = []
  let text = ''
  let at = from + 1
  while (at < source.length && source[at] !== quote) {
    if (source.startsWith('{{', at) && quote === '"') {
      const end = source.indexOf('}}', at)
      if (end < 0) break
      if (text) parts.push({ text })
      text = ''
      parts.push({ expression: source.slice(at + 2, end), from: at + 2 })
      at = end + 2
    } else if (source[at] === '\\') {
      const code = /^\\u([0-9a-fA-F]{4})/.exec(source.slice(at, at + 6))?.[1]
      const next = source[at + 1] ?? ''
      text += code ? String.fromCharCode(Number.parseInt(code, 16)) : (escapes[next] ?? next)
      at += code ? 6 : 2
    } else {
      text += source[at]
      at += 1
    }
  }
  if (source[at] !== quote)
    throw new KritiError('Lexical Error', 'a string has no end', { from, to: source.length })
  if (text || parts.length === 0) parts.push({ text })
  return { is: 'string', text: source.slice(from + 1, at), parts, from, to: at + 1 }
}
