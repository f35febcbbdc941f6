/** Answers `__schema` and `__type` for one role. */
import { invalid, RequestError } from '../errors.ts'
import { collect, type Selected } from '../plan/collect.ts'
import { noLimits } from '../plan/limits.ts'
import type { Planner } from '../plan/planner.ts'
import { peel, readBoolean } from '../plan/read.ts'
import { argumentPlace, optionalPlace, type SelectedField } from '../plan/selected.ts'
import { type Described, describeNamed, describeSchema, findType } from './describe.ts'
import { namedType } from './types.ts'

/** A selection made ready, to be applied to many values. */
type Node = { key: string; name: string; all: boolean; typename: string; children: Node[] }

/** Lists of members nested deeper than this only serve to make the answer explode. */
const deepestLists = 3
const lists = new Set(['fields', 'interfaces', 'possibleTypes', 'inputFields'])

export function introspect(planner: Planner, selected: SelectedField): unknown {
  const { schema } = planner
  if (schema.model.introspectionDisabled.has(schema.role))
    throw new RequestError('not-supported', '$', `introspection is disabled for role: "${schema.role}"`)
  planner.budget.introspection ??= introspectionBudget(planner)
  const left = planner.budget.introspection
  const nodes = compileSet({ ...planner, budget: left.budget }, selected, 0)
  if (selected.field.name === '__schema') return evaluate(nodes, describeSchema(schema), left)
  const type = findType(schema, typeNameOf(planner, selected))
  return type ? evaluate(nodes, describeNamed(type), left) : null
}

/** How many objects the answer may still have. */
type Left = NonNullable<Planner['budget']['introspection']>

/** Fields that are asked for: tools ask for some hundred. */
const mostFields = 1_000

/** Nesting is not bounded as that of data is. Objects repeat under each alias: tools get some four hundred a table. */
function introspectionBudget({ schema, budget: { limits: given } }: Planner): Left {
  const free = given.nodes === Number.POSITIVE_INFINITY
  const tables = [...schema.model.tablesBySource.values()].reduce((sum, { size }) => sum + size, 0)
  const limits = { ...noLimits, selections: given.selections, nodes: free ? given.nodes : mostFields }
  return {
    budget: { limits, nodes: 0, selections: 0, values: 0 },
    objects: free ? Number.POSITIVE_INFINITY : 50_000 + 2_000 * tables,
  }
}

function typeNameOf(planner: Planner, selected: SelectedField): string {
  const place = argumentPlace(selected, 'name')
  const value = place && peel(planner, selected.args.get('name'), place)
  if (value?.is === 'ast' && value.node.kind === 'StringValue') return value.node.value
  if (value?.is === 'json' && typeof value.value === 'string') return value.value
  throw invalid(`${selected.path}.args.name`, "expected a string for type 'String'")
}

function compileSet(planner: Planner, { field, sets, path, depth }: SelectedField, nested: number): Node[] {
  const type = namedType(field.type)
  if (type.kind !== 'OBJECT') return []
  const fields = collect(planner, type, { sets, path: `${path}.selectionSet`, depth: depth + 1 })
  return fields.map(each => compileField(planner, each, type.name, nested))
}

function compileField(planner: Planner, selected: Selected, typename: string, nested: number): Node {
  const { key } = selected
  if (selected.is === 'typename') return { key, name: '__typename', all: true, typename, children: [] }
  const { name } = selected.field
  const deeper = nested + (lists.has(name) ? 1 : 0)
  if (deeper > deepestLists) throw invalid(selected.path, 'the introspection is nested too deep')
  const place = optionalPlace(selected, 'includeDeprecated')
  const all = (place && readBoolean(planner, selected.args.get('includeDeprecated'), place)) ?? false
  return { key, name, all, typename, children: compileSet(planner, selected, deeper) }
}

function evaluate(nodes: Node[], value: Described, left: Left): unknown {
  left.objects -= 1
  if (left.objects < 0)
    throw new RequestError(
      'validation-failed',
      '$.query',
      'the query is too large: it asks for too much of the schema',
    )
  // Without a prototype, whose name could be an alias.
  const answer: Record<string, unknown> = Object.create(null)
  for (const node of nodes) answer[node.key] = evaluateNode(node, value, left)
  return answer
}

function evaluateNode({ name, typename, children }: Node, value: Described, left: Left): unknown {
  if (name === '__typename') return typename
  const found = value[name]
  const member = typeof found === 'function' ? found() : found
  if (Array.isArray(member))
    return children.length > 0 ? member.map(item => evaluate(children, item, left)) : member
  if (member === null || member === undefined) return null
  return typeof member === 'object' ? evaluate(children, member, left) : member
}
