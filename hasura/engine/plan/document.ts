/** A request's text → the operation to run and its fragments, checked as far as that goes without a schema. */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql'
import { invalid, RequestError } from '../errors.ts'
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
      if (fragments.has(name))
        throw new RequestError('parse-failed', '$', `multiple definitions for fragment "${name}"`)
      fragments.set(name, definition)
    } else throw invalid('$.query', 'not a valid graphql query')
  }
  if (operationName && shorthand.test(query))
    throw invalid('$', 'operationName cannot be used when an anonymous operation exists in the document')
  const node = chosen(operations, operationName)
  nestingOf(node.selectionSet, { fragments, open: [], path: '$.selectionSet', depth: 0, known: new Map() })
  return { node, fragments }
}

/** A selection set without a word before it: what stands before may be commas, blanks and comments. */
const shorthand = /^(?:[\s,\ufeff]|#[^\n\r]*[\n\r])*\{/

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
    const found = operations.find(operation => operation.name?.value === name)
    if (!found) throw invalid('$', `no such operation found in the document: "${name}"`)
    return found
  }
  const [only, ...others] = operations
  if (!only || others.length > 0)
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
  /** Selection sets around here. */
  depth: number
  /** Of fragments already looked into, how deep they nest. */
  known: Map<string, number>
}

/**
 * Not a matter of trust, so it is admin's limit too: what walks the document does so by calling itself, and a chain of fragments
 * with other fragments inside nests deeper than the parser has seen.
 */
const deepest = 500

/**
 * How deep selection sets nest, fragments opened. Throws where spreading would not end: a fragment is known, and none is within
 * itself.
 */
function nestingOf(set: SelectionSetNode, walk: Walk): number {
  const inside = { ...walk, depth: walk.depth + 1 }
  if (inside.depth > deepest) throw exceeded('the nesting of selections', deepest)
  let most = 0
  for (const selection of set.selections) {
    if (selection.kind === 'Field') {
      const name = selection.name.value
      if (selection.selectionSet)
        most = Math.max(
          most,
          nestingOf(selection.selectionSet, { ...inside, path: `${walk.path}.${name}.selectionSet` }),
        )
    } else if (selection.kind === 'InlineFragment')
      most = Math.max(most, nestingOf(selection.selectionSet, inside))
    else most = Math.max(most, nestingOfSpread(selection.name.value, inside))
  }
  return most + 1
}

/** `a`, `a and b`, `a, b, and c`. */
function listed(names: string[]): string {
  if (names.length < 3) return names.join(' and ')
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`
}

function nestingOfSpread(name: string, walk: Walk): number {
  if (walk.open.includes(name)) {
    const cycle = walk.open.slice(walk.open.indexOf(name))
    throw invalid(walk.path, `the fragment definition(s) ${listed(cycle)} form a cycle`)
  }
  const fragment = walk.fragments.get(name)
  if (!fragment) throw invalid(walk.path, `reference to undefined fragment "${name}"`)
  const known = walk.known.get(name)
  const found =
    known ??
    nestingOf(fragment.selectionSet, {
      ...walk,
      open: [...walk.open, name],
      path: `${walk.path}.${name}.selectionSet`,
    })
  if (walk.depth + found > deepest) throw exceeded('the nesting of selections', deepest)
  walk.known.set(name, found)
  return found
}
