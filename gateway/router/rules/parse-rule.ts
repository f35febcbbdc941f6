/**
 * Rules of routers, v3 syntax: `Host(`a.example`) && (PathPrefix(`/v1`) || !Method(`GET`))`.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/
 */

export type RuleTree =
  | { kind: 'matcher'; name: string; values: string[] }
  | { kind: 'not'; inner: RuleTree }
  | { kind: 'and'; left: RuleTree; right: RuleTree }
  | { kind: 'or'; left: RuleTree; right: RuleTree }

type Token =
  | { kind: '(' | ')' | ',' | '!' | '&&' | '||' | 'end'; at: number }
  | { kind: 'name' | 'text'; value: string; at: number }

/** Throws an Error with the column for what is no rule. && binds closer than ||, ! closer than both. */
export function parseRule(rule: string): RuleTree {
  const tokens = tokenise(rule)
  let next = 0
  const peek = () => tokens[next] ?? { kind: 'end' as const, at: rule.length }
  const take = () => tokens[next++] ?? { kind: 'end' as const, at: rule.length }
  const expect = (kind: Token['kind']) => {
    const token = take()
    if (token.kind !== kind)
      throw new Error(`column ${token.at + 1}: ${kind === 'text' ? 'a `text`' : kind} is expected`)
    return token
  }
  const chain = (kind: 'and' | 'or', operator: '&&' | '||', part: () => RuleTree): RuleTree => {
    let left = part()
    while (peek().kind === operator) {
      take()
      left = { kind, left, right: part() }
    }
    return left
  }
  const either = (depth: number): RuleTree => chain('or', '||', () => chain('and', '&&', () => unary(depth)))
  const unary = (depth: number): RuleTree => {
    if (depth > 50) throw new Error('the rule is nested too deeply')
    const token = take()
    if (token.kind === '!') return { kind: 'not', inner: unary(depth + 1) }
    if (token.kind === '(') {
      const inner = either(depth + 1)
      expect(')')
      return inner
    }
    if (token.kind === 'name') return matcher(token.value)
    throw new Error(`column ${token.at + 1}: a matcher such as PathPrefix(\`/v1\`) is expected`)
  }
  const matcher = (name: string): RuleTree => {
    expect('(')
    const values: string[] = []
    do {
      const token = expect('text')
      if ('value' in token) values.push(token.value)
    } while (peek().kind === ',' && take())
    expect(')')
    return { kind: 'matcher', name, values }
  }
  const tree = either(0)
  expect('end')
  return tree
}

function tokenise(rule: string): Token[] {
  const form = /\s+|(&&|\|\||[()!,])|([A-Za-z]+)|`([^`]*)`|"((?:[^"\\]|\\.)*)"/y
  const tokens: Token[] = []
  while (form.lastIndex < rule.length) {
    const at = form.lastIndex
    const match = form.exec(rule)
    if (!match) throw new Error(`column ${at + 1}: "${rule[at]}" does not belong in a rule`)
    const [, sign, name, raw, quoted] = match
    if (sign) tokens.push({ kind: sign as '(', at })
    else if (name) tokens.push({ kind: 'name', value: name, at })
    else if (raw !== undefined) tokens.push({ kind: 'text', value: raw, at })
    else if (quoted !== undefined) tokens.push({ kind: 'text', value: String(JSON.parse(`"${quoted}"`)), at })
  }
  return tokens
}
