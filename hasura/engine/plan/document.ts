/** A request's text → the operation to run and its fragments, checked as far as that goes without a schema. */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql'
import { invalid } from '../errors.ts'
import { exceeded } from './limits.ts'

export type Operation = {
  node: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

export function readOperation(
  query: string,
  operationName: string | undefined,
  maxTokens: number,
): Operation {
  const document = parsed(query, maxTokens)
  const fragments = new Map<string, FragmentDefinitionNode>()
  const operations: OperationDefinitionNode[] = []
  for (const definition of document.definitions) {
    if (definition.kind === 'OperationDefinition') operations.push(definition)
    else if (definition.kind === 'FragmentDefinition') {
      const name = definition.name.value
      if (fragments.has(name)) throw invalid('$.query', `multiple definitions for fragment "${name}"`)
      fragments.set(name, definition)
    } else throw invalid('$.query', 'not a valid graphql query')
  }
  const node = chosen(operations, operationName)
  checkFragments(node.selectionSet, { fragments, open: [], path: '$.selectionSet', done: new Set() })
  return { node, fragments }
}

function parsed(query: string, maxTokens: number): DocumentNode {
  try {
    return parse(query, { noLocation: true, maxTokens })
  } catch (cause) {
    if (cause instanceof GraphQLError && cause.message.includes('token limit'))
      throw exceeded('the number of tokens', maxTokens)
    if (cause instanceof GraphQLError || cause instanceof RangeError)
      throw invalid('$.query', 'not a valid graphql query')
    throw cause
  }
}

function chosen(operations: OperationDefinitionNode[], name: string | undefined): OperationDefinitionNode {
  if (name) {
    const named = operations.filter(operation => operation.name?.value === name)
    const [only] = named
    if (named.length > 1) throw invalid('$', `multiple operations defined with name: ${name}`)
    if (!only) throw invalid('$', `no such operation found in the document: "${name}"`)
    return only
  }
  const [only, ...others] = operations
  if (!only)
    throw invalid(
      '$',
      'exactly one operation has to be present in the document when operationName is not specified',
    )
  if (others.length > 0)
    throw invalid(
      '$',
      'exactly one operation has to be present in the document when operationName is not specified',
    )
  return only
}

type Walk = {
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Fragments that are being spread around here. */
  open: string[]
  path: string
  /** Fragments already looked into. */
  done: Set<string>
}

/** Spreading ends: a fragment is known, and no fragment is within itself. */
function checkFragments(set: SelectionSetNode, walk: Walk): void {
  for (const selection of set.selections) {
    if (selection.kind === 'Field') {
      const key = selection.alias?.value ?? selection.name.value
      if (selection.selectionSet)
        checkFragments(selection.selectionSet, { ...walk, path: `${walk.path}.${key}.selectionSet` })
    } else if (selection.kind === 'InlineFragment') checkFragments(selection.selectionSet, walk)
    else checkSpread(selection.name.value, walk)
  }
}

function checkSpread(name: string, walk: Walk): void {
  if (walk.open.includes(name)) {
    const names = `${walk.open.join(', ')}`.replace(/, ([^,]*)$/, ' and $1')
    throw invalid(walk.path, `the fragment definition(s) ${names} form a cycle`)
  }
  const fragment = walk.fragments.get(name)
  if (!fragment) throw invalid(walk.path, `reference to undefined fragment "${name}"`)
  if (walk.done.has(name)) return
  checkFragments(fragment.selectionSet, {
    ...walk,
    open: [...walk.open, name],
    path: `${walk.path}.${name}.selectionSet`,
  })
  walk.done.add(name)
}
