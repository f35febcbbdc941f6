/** Kriti's tokens → an expression. Source: https://github.com/hasura/kriti-lang, the language's grammar. */
import { KritiError, type StringPart, type Token, tokensOf } from './tokens.ts'

type Place = { from: number; to: number }
export type Expression = Place &
  (
    | { is: 'json'; value: unknown }
    | { is: 'text'; parts: ({ text: string } | { of: Expression })[] }
    | { is: 'list'; items: Expression[] }
    | { is: 'object'; members: [Expression, Expression][] }
    | { is: 'name'; name: string }
    | { is: 'below'; of: Expression; key: Expression; optional: boolean }
    | { is: 'call'; name: string; argument: Expression }
    | { is: 'binary'; operator: string; left: Expression; right: Expression }
    | { is: 'if'; cases: [Expression, Expression][]; otherwise: Expression }
    | { is: 'range'; index: string | undefined; item: string; of: Expression; body: Expression }
  )

/** Nests no deeper than this. */
const mostDepth = 200
const mostBytes = 256 * 1024

export function parseTemplate(source: string): Expression {
  if (source.length > mostBytes)
    throw new KritiError('Parse Error', `a template has at most ${mostBytes} characters`, { from: 0, to: 0 })
  const parser = createParser(source, 0)
  const expression = parser.value(0)
  parser.end()
  return expression
}

const precedence: Record<string, number> = {
  '??': 1,
  '||': 2,
  '&&': 3,
  in: 4,
  '==': 5,
  '!=': 5,
  '<': 6,
  '>': 6,
  '<=': 6,
  '>=': 6,
}

function createParser(source: string, offset: number) {
  const tokens = tokensOf(source)
  let at = 0
  const peek = () => tokens[at]
  const isNext = (text: string, ahead = 0) => {
    const token = tokens[at + ahead]
    return token !== undefined && token.is !== 'string' && token.text === text
  }
  const placeOf = (token: Token | undefined): Place =>
    token
      ? { from: token.from + offset, to: token.to + offset }
      : { from: offset + source.length, to: offset + source.length }
  const fail = (message: string): never => {
    throw new KritiError('Parse Error', message, placeOf(peek()))
  }
  const take = (): Token => {
    const token = peek() ?? fail('unexpected end')
    at += 1
    return token
  }
  /** Two braces may close an expression, or an object within an object. */
  const regroup = (wanted: string): void => {
    const [first, second] = [tokens[at], tokens[at + 1]]
    if (first?.is !== 'punctuation') return
    if (wanted === '}' && first.text === '}}') {
      const middle = first.from + 1
      tokens.splice(at, 1, { ...first, text: '}', to: middle }, { ...first, text: '}', from: middle })
    } else if (
      wanted === '}}' &&
      first.text === '}' &&
      second?.text.startsWith('}') &&
      second.from === first.to
    ) {
      const rest =
        second.text.length > 1 ? [{ ...second, text: second.text.slice(1), from: second.from + 1 }] : []
      tokens.splice(at, 2, { ...first, text: '}}', to: second.from + 1 }, ...rest)
    }
  }
  const expect = (text: string): Token => {
    regroup(text)
    if (!isNext(text)) return fail(`expected ${text}, found ${peek()?.text ?? 'the end'}`)
    return take()
  }
  const nameToken = (): string => {
    const token = take()
    return token.is === 'name' ? token.text : fail('expected a name')
  }
  const last = () => placeOf(tokens[at - 1]).to

  /** JSON, in which `{{ … }}` may stand for any value. */
  function value(depth: number): Expression {
    if (depth > mostDepth) return fail('nested too deep')
    if (isNext('{{')) return tagged(depth)
    return expression(depth, 0)
  }

  function tagged(depth: number): Expression {
    const { from } = placeOf(expect('{{'))
    if (isNext('if')) return conditional(from, depth)
    if (isNext('range')) return range(from, depth)
    const found = expression(depth, 0)
    expect('}}')
    return found
  }

  function conditional(from: number, depth: number): Expression {
    const cases: [Expression, Expression][] = []
    for (;;) {
      take()
      const condition = expression(depth, 0)
      expect('}}')
      cases.push([condition, value(depth + 1)])
      expect('{{')
      if (!isNext('elif')) break
    }
    expect('else')
    expect('}}')
    const otherwise = value(depth + 1)
    expect('{{')
    expect('end')
    expect('}}')
    return { is: 'if', cases, otherwise, from, to: last() }
  }

  function range(from: number, depth: number): Expression {
    take()
    const first = nameToken()
    const second = isNext(',')
    if (second) take()
    const item = second ? nameToken() : undefined
    expect(':=')
    const of = expression(depth, 0)
    expect('}}')
    const body = value(depth + 1)
    expect('{{')
    expect('end')
    expect('}}')
    return {
      is: 'range',
      index: item === undefined || first === '_' ? undefined : first,
      item: item ?? first,
      of,
      body,
      from,
      to: last(),
    }
  }

  function expression(depth: number, least: number): Expression {
    if (depth > mostDepth) return fail('nested too deep')
    let left = postfix(depth)
    for (;;) {
      const operator = peek()?.is === 'string' ? '' : (peek()?.text ?? '')
      const power = precedence[operator]
      if (power === undefined || power < least || (operator === 'in' && peek()?.is !== 'name')) return left
      take()
      const right = expression(depth + 1, power + 1)
      left = { is: 'binary', operator, left, right, from: left.from, to: right.to }
    }
  }

  function postfix(depth: number): Expression {
    let of = primary(depth)
    for (;;) {
      const optional = isNext('?.') || (isNext('?') && isNext('[', 1))
      if (isNext('?') && optional) take()
      if (isNext('.') || isNext('?.')) {
        take()
        const token = take()
        const key: Expression = { is: 'json', value: token.text, ...placeOf(token) }
        of = { is: 'below', of, key, optional, from: of.from, to: last() }
      } else if (isNext('[') && of.is !== 'json') {
        take()
        const key = expression(depth + 1, 0)
        expect(']')
        of = { is: 'below', of, key, optional, from: of.from, to: last() }
      } else return of
    }
  }

  function primary(depth: number): Expression {
    const token = take()
    const place = placeOf(token)
    if (token.is === 'string') return text(token, place)
    if (token.is === 'number') return { is: 'json', value: Number(token.text), ...place }
    if (token.is === 'name') return named(token, place, depth)
    if (token.text === '[') return list(place.from, depth)
    if (token.text === '{') return object(place.from, depth)
    if (token.text === '(') {
      const inner = expression(depth + 1, 0)
      expect(')')
      return inner
    }
    if (token.text === '{{') {
      at -= 1
      return tagged(depth + 1)
    }
    at -= 1
    return fail(`unexpected ${token.text}`)
  }

  const constants: Record<string, unknown> = { true: true, false: false, null: null }

  function named(token: Token, place: Place, depth: number): Expression {
    if (Object.hasOwn(constants, token.text)) return { is: 'json', value: constants[token.text], ...place }
    if (!isNext('(')) return { is: 'name', name: token.text, ...place }
    take()
    const argument = expression(depth + 1, 0)
    expect(')')
    return { is: 'call', name: token.text, argument, from: place.from, to: last() }
  }

  function list(from: number, depth: number): Expression {
    const items: Expression[] = []
    while (!isNext(']')) {
      items.push(value(depth + 1))
      if (!isNext(']')) expect(',')
    }
    take()
    return { is: 'list', items, from, to: last() }
  }

  function object(from: number, depth: number): Expression {
    const members: [Expression, Expression][] = []
    for (regroup('}'); !isNext('}'); regroup('}')) {
      const key = take()
      if (key.is !== 'string') return fail('expected a key')
      expect(':')
      members.push([text(key, placeOf(key)), value(depth + 1)])
      regroup('}')
      if (!isNext('}')) expect(',')
    }
    take()
    return { is: 'object', members, from, to: last() }
  }

  function text({ parts = [] }: Token, place: Place): Expression {
    const only = parts[0]
    if (parts.length === 1 && only && 'text' in only) return { is: 'json', value: only.text, ...place }
    return { is: 'text', parts: parts.map(part => partOf(part)), ...place }
  }

  function partOf(part: StringPart): { text: string } | { of: Expression } {
    if ('text' in part) return part
    const inner = createParser(part.expression, offset + part.from)
    const of = inner.value(1)
    inner.end()
    return { of }
  }

  return {
    value,
    end() {
      if (at < tokens.length) fail(`unexpected ${peek()?.text}`)
    },
  }
}
