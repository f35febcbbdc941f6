/** What was answered against what was recorded, by the rules the recording was made under. */
import { isDeepStrictEqual } from 'node:util'
import { type FragmentDefinitionNode, parse, type SelectionSetNode } from 'graphql'

export type Verdict = 'same' | 'code-path' | 'different'

/** `code-path`: both are errors, of the same code at the same path, in other words. */
export function compareBodies(wanted: unknown, got: unknown): Verdict {
  // Some of the Haskell recordings wrap the whole body.
  if (isObject(wanted) && 'response' in wanted) return compareBodies(wanted.response, got)
  const left = errorsOf(wanted)
  const right = errorsOf(got)
  if (left && right) return compareErrors(left, right)
  if (left || right) return 'different'
  return isDeepStrictEqual(wanted, got) ? 'same' : 'different'
}

type Shown = { code: unknown; path: unknown; message: unknown }

/** Errors in either of Hasura's forms. */
export function errorsOf(body: unknown): Shown[] | undefined {
  if (!isObject(body)) return undefined
  if (Array.isArray(body.errors))
    return body.errors.map(error => {
      const extensions = isObject(error) && isObject(error.extensions) ? error.extensions : {}
      return {
        code: extensions.code,
        path: extensions.path,
        message: isObject(error) ? error.message : undefined,
      }
    })
  if ('error' in body && 'code' in body) return [{ code: body.code, path: body.path, message: body.error }]
  return undefined
}

function compareErrors(wanted: Shown[], got: Shown[]): Verdict {
  if (isDeepStrictEqual(wanted, got)) return 'same'
  const place = ({ code, path }: Shown) => ({ code, path })
  return isDeepStrictEqual(wanted.map(place), got.map(place)) ? 'code-path' : 'different'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Keys of `data` stand in the order of the selection set. */
export function keysInOrder(query: string, data: unknown): boolean {
  const document = parse(query, { noLocation: true })
  const fragments = new Map(
    document.definitions.flatMap(each =>
      each.kind === 'FragmentDefinition' ? [[each.name.value, each] as const] : [],
    ),
  )
  const operations = document.definitions.filter(each => each.kind === 'OperationDefinition')
  const [only] = operations
  return operations.length !== 1 || !only || inOrder([only.selectionSet], data, fragments)
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

function inOrder(sets: SelectionSetNode[], data: unknown, fragments: Fragments): boolean {
  if (Array.isArray(data)) return data.every(item => inOrder(sets, item, fragments))
  if (!isObject(data) || sets.length === 0) return true
  const below = new Map<string, SelectionSetNode[]>()
  for (const set of sets) gather(set, fragments, below)
  const wanted = [...below.keys()].filter(key => key in data)
  if (!isDeepStrictEqual(wanted, Object.keys(data))) return false
  return wanted.every(key => inOrder(below.get(key) ?? [], data[key], fragments))
}

function gather(set: SelectionSetNode, fragments: Fragments, below: Map<string, SelectionSetNode[]>): void {
  for (const selection of set.selections) {
    if (selection.kind === 'Field') {
      const key = selection.alias?.value ?? selection.name.value
      below.set(key, [...(below.get(key) ?? []), ...(selection.selectionSet ? [selection.selectionSet] : [])])
    } else {
      const fragment = selection.kind === 'InlineFragment' ? selection : fragments.get(selection.name.value)
      if (fragment) gather(fragment.selectionSet, fragments, below)
    }
  }
}
