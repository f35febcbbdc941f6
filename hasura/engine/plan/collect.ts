/** A selection set → the fields to answer, in order: fragments opened, `@include` and `@skip` obeyed, repeats merged. */
import type { FieldNode, FragmentDefinitionNode, FragmentSpreadNode, SelectionSetNode } from 'graphql'
import { print } from 'graphql'
import { invalid } from '../errors.ts'
import { type Field, namedType, type ObjectType } from '../schema/types.ts'
import { included } from './directives.ts'
import type { Input } from './input.ts'
import { spendNode, spendSelection } from './limits.ts'
import type { Planner } from './planner.ts'
import { readArguments } from './read.ts'
import { unknownField } from './unknown-field.ts'

export type Selected = {
  key: string
  path: string
  depth: number
  args: Map<string, Input>
  /** All selection sets given under this key. */
  sets: SelectionSetNode[]
} & ({ is: 'typename' } | { is: 'field'; field: Field })

type Group = { nodes: FieldNode[] }

/** `opened`: fragments that are in it already. Once more they add nothing, and each could hold two of the next. */
type Gathering = { path: string; groups: Map<string, Group>; opened: Set<string> }

export function collect(
  planner: Planner,
  type: ObjectType,
  { sets, path, depth }: { sets: SelectionSetNode[]; path: string; depth: number },
): Selected[] {
  const groups = new Map<string, Group>()
  const opened = new Set<string>()
  for (const set of sets) gather(planner, type, set, { path, groups, opened })
  return [...groups].map(([key, { nodes }]) => {
    spendNode(planner.budget, depth)
    return select(planner, type, nodes, { key, path: `${path}.${key}`, depth })
  })
}

function gather(planner: Planner, type: ObjectType, set: SelectionSetNode, to: Gathering): void {
  for (const selection of set.selections) {
    spendSelection(planner.budget)
    const location = selection.kind === 'Field' ? 'a field' : 'an inline fragment'
    if (!included(planner, selection.directives ?? [], { path: to.path, location })) continue
    if (selection.kind === 'Field') {
      const key = selection.alias?.value ?? selection.name.value
      const group = to.groups.get(key)
      if (group) group.nodes.push(selection)
      else to.groups.set(key, { nodes: [selection] })
      continue
    }
    const fragment = selection.kind === 'InlineFragment' ? selection : opening(planner, selection, to)
    if (!fragment) continue
    const condition = fragment.typeCondition?.name.value
    if (condition === undefined || condition === type.name) gather(planner, type, fragment.selectionSet, to)
  }
}

/** https://spec.graphql.org/October2021/#CollectFields(): visitedFragments. */
function opening(
  { fragments }: Planner,
  { name: { value } }: FragmentSpreadNode,
  { opened }: Gathering,
): FragmentDefinitionNode | undefined {
  if (opened.has(value)) return undefined
  opened.add(value)
  return fragments.get(value)
}

function select(
  planner: Planner,
  type: ObjectType,
  nodes: FieldNode[],
  at: { key: string; path: string; depth: number },
): Selected {
  const [node, ...others] = nodes
  if (!node) throw new Error('a key without a field')
  const name = node.name.value
  for (const other of others) checkMerge(node, other, at)
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  if (name === '__typename') return { ...at, is: 'typename', args: new Map(), sets }
  const field = type.find(name)
  if (!field) throw unknownField(at.path, name, type.name)
  const given = (node.arguments ?? []).map((argument): [string, Input] => [
    argument.name.value,
    { is: 'ast', node: argument.value },
  ])
  const args = readArguments(planner, field, given, at.path)
  const leaf = namedType(field.type).kind !== 'OBJECT'
  if (leaf && sets.length > 0) throw invalid(at.path, `unexpected subselection set for non-object field`)
  if (!leaf && sets.length === 0) throw invalid(at.path, `missing selection set for '${name}'`)
  return { ...at, is: 'field', field, args, sets }
}

/** Two fields under one key must be the same field with the same arguments. */
function checkMerge(first: FieldNode, other: FieldNode, { key, path }: { key: string; path: string }): void {
  if (first.name.value !== other.name.value)
    throw invalid(
      path,
      `selection of both '${first.name.value}' and '${other.name.value}' specify the same response name, '${key}'`,
    )
  const shown = ({ arguments: args = [] }: FieldNode) =>
    args
      .map(argument => print(argument))
      .toSorted()
      .join(', ')
  if (shown(first) !== shown(other))
    throw invalid(path, `inconsistent arguments between multiple selections of field '${first.name.value}'`)
}
