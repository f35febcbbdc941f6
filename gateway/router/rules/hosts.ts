/** The hosts that a rule names, whatever it says about them: by these TLS options are chosen before a request is read. */
import { matcherName } from './matchers.ts'
import { parseRule, type RuleTree } from './parse-rule.ts'

/** Lower case, without a last dot; patterns (`*.example`) are left out: no server name equals one. */
export function hostsOf(rule: string): string[] {
  return collect(parseRule(rule))
}

function collect(tree: RuleTree): string[] {
  if (tree.kind === 'not') return collect(tree.inner)
  if (tree.kind === 'and' || tree.kind === 'or') return [...collect(tree.left), ...collect(tree.right)]
  if (matcherName(tree.name) !== 'Host') return []
  return tree.values.filter(host => !host.startsWith('*')).map(host => host.toLowerCase().replace(/\.$/, ''))
}
