/** Which variables an operation speaks of, in its fragments too, whether `@skip` leaves them out or not. */
import type { DirectiveNode, SelectionSetNode, ValueNode } from 'graphql'
import type { Operation } from './document.ts'

type Walk = Pick<Operation, 'fragments'> & { found: Set<string>; opened: Set<string> }

export function variablesOf({ node, fragments }: Operation): Set<string> {
  const walk: Walk = { fragments, found: new Set(), opened: new Set() }
  inDirectives(node.directives, walk)
  inSelections(node.selectionSet, walk)
  return walk.found
}

function inSelections({ selections }: SelectionSetNode, walk: Walk): void {
  for (const selection of selections) {
    inDirectives(selection.directives, walk)
    if (selection.kind === 'FragmentSpread') {
      inFragment(selection.name.value, walk)
      continue
    }
    if (selection.kind === 'Field') for (const { value } of selection.arguments ?? []) inValue(value, walk)
    if (selection.selectionSet) inSelections(selection.selectionSet, walk)
  }
}

function inFragment(name: string, walk: Walk): void {
  if (walk.opened.has(name)) return
  walk.opened.add(name)
  const fragment = walk.fragments.get(name)
  if (fragment) inSelections(fragment.selectionSet, walk)
}

function inDirectives(directives: readonly DirectiveNode[] | undefined, walk: Walk): void {
  for (const directive of directives ?? [])
    for (const { value } of directive.arguments ?? []) inValue(value, walk)
}

function inValue(value: ValueNode, walk: Walk): void {
  if (value.kind === 'Variable') walk.found.add(value.name.value)
  else if (value.kind === 'ListValue') for (const item of value.values) inValue(item, walk)
  else if (value.kind === 'ObjectValue') for (const field of value.fields) inValue(field.value, walk)
}
