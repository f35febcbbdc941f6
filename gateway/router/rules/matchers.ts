/** What each matcher of a rule means, compiled once to a test. One line of Traefik's rule page each. */
import { addressTest, splitHostPort } from '../request/addresses.ts'
import { type Exchange, pathForRules } from '../request/exchange.ts'
import { valuesOf } from '../request/headers.ts'
import { goRegExp } from './go-regexp.ts'
import type { RuleTree } from './parse-rule.ts'

/** What rules look at, worked out once per request. */
export type Subject = {
  exchange: Exchange
  /** Decoded but for reserved characters. */
  path: string
  /** Lower case, without the port. */
  host: string
}

export type Test = (subject: Subject) => boolean

export function subjectOf(exchange: Exchange): Subject {
  return { exchange, path: pathForRules(exchange), host: splitHostPort(exchange.host).name.toLowerCase() }
}

type MatcherKind = { values: readonly number[]; make(first: string, second: string | undefined): Test }

const kinds: Record<string, MatcherKind> = {
  Host: { values: [1], make: hostTest },
  HostRegexp: { values: [1], make: regexpTest(subject => [subject.host]) },
  Path: { values: [1], make: path => absolute(path) && (subject => subject.path === path) },
  PathPrefix: {
    values: [1],
    make: prefix => absolute(prefix) && (subject => subject.path.startsWith(prefix)),
  },
  PathRegexp: { values: [1], make: regexpTest(subject => [subject.path]) },
  Method: { values: [1], make: methodTest },
  Header: { values: [2], make: headerTest },
  HeaderRegexp: {
    values: [2],
    make: (name, value = '') =>
      regexpTest(subject => valuesOf(subject.exchange.headers, name.toLowerCase()))(value),
  },
  Query: { values: [1, 2], make: queryTest },
  QueryRegexp: {
    values: [1, 2],
    make: (name, value) =>
      value === undefined ? queryTest(name, value) : regexpTest(subject => queryValues(subject, name))(value),
  },
  ClientIP: { values: [1], make: network => addressOf(addressTest([network])) },
}

/** Throws an Error with a sentence for an unknown matcher, a wrong count of values or a bad value. */
export function compileRule(tree: RuleTree): Test {
  if (tree.kind === 'not') {
    const inner = compileRule(tree.inner)
    return subject => !inner(subject)
  }
  if (tree.kind === 'and' || tree.kind === 'or') {
    const left = compileRule(tree.left)
    const right = compileRule(tree.right)
    return tree.kind === 'and'
      ? subject => left(subject) && right(subject)
      : subject => left(subject) || right(subject)
  }
  const name = matcherName(tree.name)
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (!kind) throw new Error(`this router does not know the matcher ${tree.name}`)
  if (!kind.values.includes(tree.values.length))
    throw new Error(`${tree.name} takes ${kind.values.join(' or ')} value(s), not ${tree.values.length}`)
  if (tree.values.some(value => value === '')) throw new Error(`${tree.name} has an empty value`)
  return kind.make(String(tree.values[0]), tree.values[1])
}

/** Traefik also takes PATHPREFIX, pathprefix and Pathprefix. */
export function matcherName(name: string): string {
  if (Object.hasOwn(kinds, name)) return name
  const titled = name[0]?.toUpperCase() + name.slice(1).toLowerCase()
  if (![name.toLowerCase(), name.toUpperCase(), titled].includes(name)) return name
  return Object.keys(kinds).find(kind => kind.toLowerCase() === name.toLowerCase()) ?? name
}

function absolute(path: string): true {
  if (!path.startsWith('/')) throw new Error(`the path "${path}" does not start with a slash`)
  return true
}

function methodTest(given: string): Test {
  const method = given.toUpperCase()
  return ({ exchange }) => exchange.method === method
}

function headerTest(given: string, value = ''): Test {
  const name = given.toLowerCase()
  return ({ exchange }) => {
    const found = exchange.headers[name]
    return found === value || (Array.isArray(found) && found.includes(value))
  }
}

/** `*.example.com` stands for one label; a dot at the end of either side does not matter. */
function hostTest(expression: string): Test {
  if (expression === '*') return () => true
  ascii(expression)
  const wanted = expression.toLowerCase().replace(/\.$/, '')
  if (!wanted.startsWith('*.')) return ({ host }) => host !== '' && (host === wanted || host === `${wanted}.`)
  const suffix = wanted.slice(1)
  return subject => {
    const host = subject.host.replace(/\.$/, '')
    return (
      host.endsWith(suffix) && host.length > suffix.length && !host.slice(0, -suffix.length).includes('.')
    )
  }
}

function ascii(text: string): void {
  if (/[^\x20-\x7e]/.test(text)) throw new Error(`"${text}" has characters outside ASCII`)
}

function regexpTest(valuesFor: (subject: Subject) => readonly string[]): (source: string) => Test {
  return source => {
    const expression = goRegExp(source)
    return subject => valuesFor(subject).some(value => expression.test(value))
  }
}

function queryTest(name: string, value = ''): Test {
  return subject => queryValues(subject, name).includes(value)
}

function queryValues({ exchange }: Subject, name: string): string[] {
  return exchange.query === '' ? [] : new URLSearchParams(exchange.query).getAll(name)
}

function addressOf(test: (address: string) => boolean): Test {
  return ({ exchange }) => test(exchange.client.address)
}
