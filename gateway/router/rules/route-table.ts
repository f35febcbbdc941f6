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
type Filed<Target> = { rank: number; test: Test; target: Target }

const few = 3

/** Throws an Error for a rule that cannot be read. Equal priorities: the name decides. */
export function createRouteTable<Target>(entries: readonly RouteEntry<Target>[]): RouteTable<Target> {
  const ordered = entries
    .toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(({ rule, target }, rank) => {
      const tree = parseRule(rule)
      return { tree, filed: { rank, test: compileRule(tree), target } }
    })
  // Like the children of a router: tried one after the other sooner than looked up.
  if (ordered.length <= few) {
    const all = ordered.map(({ filed }) => filed)
    return { find: subject => firstMatch(all, subject, undefined)?.target }
  }
  const paths = new Map<string, Filed<Target>[]>()
  // Prefixes of whole segments (`/v1/core/`) are looked up at each slash of a path, and only where one is as long;
  // others (`/v1/core`, which /v1/corex begins with as well) are in a tree.
  const segments = new Map<string, Filed<Target>[]>()
  const segmentLengths: boolean[] = []
  const prefixes = createPrefixTree<Filed<Target>[]>()
  const hosts = new Map<string, Filed<Target>[]>()
  const any: Filed<Target>[] = []
  for (const { tree, filed } of ordered) {
    const keys = keysOf(tree)
    if (keys.some(key => key.kind === 'any')) any.push(filed)
    else for (const key of keys) file(listFor(key), filed)
  }
  function listFor(key: Key): Filed<Target>[] {
    if (key.kind === 'any') return any
    const whole = key.kind === 'prefix' && key.value.endsWith('/')
    if (key.kind === 'prefix' && !whole) return prefixes.at(key.value, () => [])
    if (whole) segmentLengths[key.value.length] = true
    const lists = whole ? segments : key.kind === 'path' ? paths : hosts
    const list = lists.get(key.value) ?? []
    lists.set(key.value, list)
    return list
  }
  return {
    find(subject) {
      let best = firstMatch(any, subject, undefined)
      best = firstMatch(paths.get(subject.path), subject, best)
      if (hosts.size > 0) best = firstMatch(hosts.get(subject.host), subject, best)
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

function file<Target>(list: Filed<Target>[], filed: Filed<Target>): void {
  if (list.at(-1) !== filed) list.push(filed)
}

function firstMatch<Target>(
  list: readonly Filed<Target>[] | undefined,
  subject: Subject,
  best: Filed<Target> | undefined,
): Filed<Target> | undefined {
  if (!list) return best
  for (const filed of list) {
    if (best && filed.rank >= best.rank) return best
    if (filed.test(subject)) return filed
  }
  return best
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
      // A host has other spellings (a last dot) and patterns: only the plain one is filed, and only lower case.
      return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(value)
        ? [value.toLowerCase(), `${value.toLowerCase()}.`].map(host => ({
            kind: 'host' as const,
            value: host,
          }))
        : [{ kind: 'any' }]
    default:
      return [{ kind: 'any' }]
  }
}

function weight(keys: readonly Key[]): number {
  const worst = Math.max(...keys.map(key => order[key.kind]))
  const longest = Math.max(...keys.map(key => (key.kind === 'any' ? 0 : key.value.length)))
  return worst * 100_000 - Math.min(longest, 99_999) + keys.length / 100
}
