/**
 * Rules in order of priority, found without trying each: every rule is filed under something that a matching request
 * must have (an exact path, a path prefix, a host), so that the time to find one does not grow with their number.
 */
import { compileRule, matcherName, type Subject, type Test } from './matchers.ts'
import { parseRule, type RuleTree } from './parse-rule.ts'
import { createPrefixTree } from './prefix-tree.ts'

export type RouteEntry<Target> = { name: string; rule: string; priority: number; target: Target }
export type RouteTable<Target> = { find(subject: Subject): Target | undefined }

/** What a request must have for a rule to match; `any` when nothing can be said. */
type Key = { kind: 'path' | 'prefix' | 'host'; value: string } | { kind: 'any' }
type Filed<Target> = {
  rank: number
  test: Test
  /** Where a rule is its key and nothing else: whatever has the key matches. */
  isKey: boolean
  target: Target
  /** Of the rules under the same key, the one of the next lower priority. A list of its own would be two places more to look at. */
  next: Filed<Target> | undefined
}

const few = 3

/** Throws an Error for a rule that cannot be read. Equal priorities: the name decides. */
export function createRouteTable<Target>(entries: readonly RouteEntry<Target>[]): RouteTable<Target> {
  const ordered = entries
    .toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(({ rule, target }, rank) => {
      const tree = parseRule(rule)
      const filed: Filed<Target> = { rank, test: compileRule(tree), isKey: false, target, next: undefined }
      return { tree, filed }
    })
    .reverse()
  let any: Filed<Target> | undefined
  // Like the children of a router: tried one after the other sooner than looked up.
  if (ordered.length <= few) {
    for (const { filed } of ordered) any = before(any, filed)
    return { find: subject => firstMatch(any, subject, undefined)?.target }
  }
  const paths = new Map<string, Filed<Target>>()
  // Prefixes of whole segments (`/v1/core/`) are looked up at each slash of a path, and only where one is as long;
  // others (`/v1/core`, which /v1/corex begins with as well) are in a tree.
  const segments = new Map<string, Filed<Target>>()
  const segmentLengths: boolean[] = []
  const prefixes = createPrefixTree<Filed<Target>>()
  const hosts = new Map<string, Filed<Target>>()
  for (const { tree, filed } of ordered) {
    const keys = keysOf(tree)
    if (keys.some(key => key.kind === 'any')) any = before(any, filed)
    else
      for (const key of keys) if (key.kind !== 'any') file(key, { ...filed, isKey: tree.kind === 'matcher' })
  }
  function file({ kind, value }: Exclude<Key, { kind: 'any' }>, filed: Filed<Target>): void {
    const whole = kind === 'prefix' && value.endsWith('/')
    if (kind === 'prefix' && !whole) {
      prefixes.put(value, next => before(next, filed))
      return
    }
    if (whole) segmentLengths[value.length] = true
    const lists = whole ? segments : kind === 'path' ? paths : hosts
    lists.set(value, before(lists.get(value), filed))
  }
  return {
    find(subject) {
      let best = firstMatch(any, subject, undefined)
      best = firstMatch(paths.get(subject.path), subject, best)
      if (hosts.size > 0) best = firstMatch(hosts.get(undotted(subject.host)), subject, best)
      const { path } = subject
      for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
        if (segmentLengths[slash + 1])
          best = firstMatch(segments.get(path.slice(0, slash + 1)), subject, best)
      prefixes.visit(path, list => {
        best = firstMatch(list, subject, best)
      })
      return best?.target
    },
  }
}

function before<Target>(next: Filed<Target> | undefined, filed: Filed<Target>): Filed<Target> {
  return next?.rank === filed.rank ? next : { ...filed, next }
}

function firstMatch<Target>(
  first: Filed<Target> | undefined,
  subject: Subject,
  best: Filed<Target> | undefined,
): Filed<Target> | undefined {
  for (let filed = first; filed; filed = filed.next) {
    if (best && filed.rank >= best.rank) return best
    if (filed.isKey || filed.test(subject)) return filed
  }
  return best
}

const plainHost = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i

function undotted(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host
}

const order = { path: 0, prefix: 1, host: 2, any: 3 }

/** Of an `and` either side will do: the one that singles out more. An `or` needs both. */
function keysOf(tree: RuleTree): Key[] {
  if (tree.kind === 'or') return [...keysOf(tree.left), ...keysOf(tree.right)]
  if (tree.kind === 'and') {
    const left = keysOf(tree.left)
    const right = keysOf(tree.right)
    return weight(left) <= weight(right) ? left : right
  }
  if (tree.kind === 'not') return [{ kind: 'any' }]
  const value = String(tree.values[0])
  switch (matcherName(tree.name)) {
    case 'Path':
      return [{ kind: 'path', value }]
    case 'PathPrefix':
      return [{ kind: 'prefix', value }]
    case 'Host':
      // A host has other spellings and patterns: only the plain one is filed, lower case and without a last dot.
      return [plainHost.test(value) ? { kind: 'host', value: value.toLowerCase() } : { kind: 'any' }]
    default:
      return [{ kind: 'any' }]
  }
}

function weight(keys: readonly Key[]): number {
  const worst = Math.max(...keys.map(key => order[key.kind]))
  const longest = Math.max(...keys.map(key => (key.kind === 'any' ? 0 : key.value.length)))
  return worst * 100_000 - Math.min(longest, 99_999) + keys.length / 100
}
