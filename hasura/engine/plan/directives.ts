/** `@include` and `@skip` of selections, and what operations may have. Each is known, stands where it may, and once. */
import type { DirectiveNode } from 'graphql'
import { invalid, quotedList } from '../errors.ts'
import { nonNull, type TypeRef } from '../schema/types.ts'
import type { Planner } from './planner.ts'
import { readBoolean } from './read.ts'

type At = { path: string; location: string }

const selections = ['a field', 'an inline fragment']
const known = new Map([
  ['include', { locations: selections, args: ['if'] }],
  ['skip', { locations: selections, args: ['if'] }],
  ['cached', { locations: ['a query'], args: ['ttl', 'refresh'] }],
  ['_multiple_top_level_fields', { locations: ['a subscription'], args: [] }],
])

/** On queries, mutations and subscriptions themselves; on selections before they are obeyed. */
export function checkDirectives(directives: readonly DirectiveNode[], { path, location }: At): void {
  const seen = new Set<string>()
  for (const { name: node, arguments: args = [] } of directives) {
    const name = node.value
    const definition = known.get(name)
    if (!definition) throw invalid(path, `directive '${name}' is not defined in the schema`)
    if (!definition.locations.includes(location))
      throw invalid(path, `directive '${name}' is not allowed on ${location}`)
    for (const { name: argument } of args)
      if (!definition.args.includes(argument.value))
        throw invalid(`${path}.${name}`, `'${name}' has no argument named '${argument.value}'`)
    if (seen.has(name))
      throw invalid(path, `the following directives are used more than once: ${quotedList([name])}`)
    seen.add(name)
  }
}

export function included(planner: Planner, directives: readonly DirectiveNode[], at: At): boolean {
  if (directives.length === 0) return true
  checkDirectives(directives, at)
  return directives.every(directive => {
    const given = directive.arguments?.find(({ name }) => name.value === 'if')
    const type: TypeRef = nonNull(booleanType)
    const path = `${at.path}.${directive.name.value}.args.if`
    if (!given) throw invalid(path, "missing required field 'if'")
    const flag = readBoolean(planner, { is: 'ast', node: given.value }, { type, path })
    return flag === (directive.name.value === 'include')
  })
}

const booleanType: TypeRef = {
  ref: 'named',
  name: 'Boolean',
  get: () => ({ kind: 'SCALAR', name: 'Boolean', description: null }),
}
