/**
 * Rules in order of priority, found without trying each: every rule is filed under something that a matching request
 * must have (an exact path, a path prefix, a host), so that the time to find one does not grow with their number.
 */
import { compileRule, matcherName, type Subject, type Test } from './matchers.ts'
import { parseRule, type RuleTree } from './parse-rule.ts'

export type RouteEntry<Target> = { name: string; rule: string; priority: number; target: Target }
export type RouteTable<Target> = { find(subject: Subject): Target | undefined }

/** What a request must have for a rule to match; `any` when nothing can be said. */
type Key = { kind: 'path' | 'prefix' | 'host'; value: string } | { kind: 'any' }
type Filed<Target> = { rank: number; test: Test; target: Target }

/** Throws an Error for a rule that cannot be read. Equal priorities: the name decides. */
export function createRouteTable<Target>(entries: readonly RouteEntry<Target>[]): RouteTable<Target> {
  const ordered = entries.toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
  const paths = new Map<string, Filed<Target>[]>()
  const prefixes = new Map<string, Filed<Target>[]>()
  const hosts = new Map<string, Filed<Target>[]>()
  const any: Filed<Target>[] = []
  ordered.forEach(({ rule, target }, rank) => {
    const tree = parseRule(rule)
    const filed = { rank, test: compileRule(tree), target }
    const keys = keysOf(tree)
    if (keys.some(key => key.kind === 'any')) any.push(filed)
    else
      for (const key of keys)
        file(key.kind === 'path' ? paths : key.kind === 'host' ? hosts : prefixes, key, filed)
  })
  const lengths = [...new Set([...prefixes.keys()].map(prefix => prefix.length))].sort((a, b) => a - b)
  return {
    find(subject) {
      const { path, host } = subject
      let best = firstMatch(any, subject, undefined)
      best = firstMatch(paths.get(path), subject, best)
      if (hosts.size > 0) best = firstMatch(hosts.get(host), subject, best)
      for (const length of lengths) {
        if (length > path.length) break
        best = firstMatch(prefixes.get(path.slice(0, length)), subject, best)
      }
      return best?.target
    },
  }
}

function file<Target>(bucket: Map<string, Filed<Target>[]>, key: Key, filed: Filed<Target>): void {
  if (key.kind === 'any') return
  const list = bucket.get(key.value)
  if (!list) bucket.set(key.value, [filed])
  else if (list.at(-1) !== filed) list.push(filed)
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
