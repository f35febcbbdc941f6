/** Stage 5: an operation → its plan. One walk that validates and resolves; no SQL in it. */
import type { DirectiveNode } from 'graphql'
import { invalid, RequestError } from '../errors.ts'
import type { Table } from '../model.ts'
import { planDelete, planDeleteByKey } from '../mutation/delete.ts'
import { planInsert } from '../mutation/insert.ts'
import type { Mutation } from '../mutation/mutation.ts'
import { planUpdate, planUpdateByKey, planUpdateMany } from '../mutation/update.ts'
import { introspect } from '../schema/introspect.ts'
import { introspectionFields } from '../schema/introspection-types.ts'
import type { Field } from '../schema/types.ts'
import { planAction, planActionResult } from './action.ts'
import { planCall } from './call.ts'
import { collect, type Selected } from './collect.ts'
import { checkDirectives } from './directives.ts'
import type { Operation } from './document.ts'
import { keyOf } from './key.ts'
import { exceeded } from './limits.ts'
import { rowsOf } from './permission.ts'
import { always, type Plan, type RootPlan, type Rows, type Selection } from './plan.ts'
import type { Planner } from './planner.ts'
import { planRows } from './select.ts'
import { argumentPlace, below, objectTypeOf, type SelectedField } from './selected.ts'
import { planStream } from './stream.ts'

export function planOperation(planner: Planner, { node }: Operation): Plan {
  const { schema } = planner
  const { operation } = node
  const type = { query: schema.query, mutation: schema.mutation, subscription: schema.subscription }[
    operation
  ]
  if (!type) throw invalid('$', `no ${operation}s exist`)
  checkDirectives(node.directives ?? [], { path: '$', location: `a ${operation}` })
  const root = operation === 'query' ? { ...type, find: withIntrospection(schema.query.find) } : type
  const fields = collect(planner, root, { sets: [node.selectionSet], path: '$.selectionSet', depth: 1 })
  if (operation === 'subscription') checkSubscription(fields, node.directives ?? [])
  if (fields.length > planner.budget.limits.aliases)
    throw exceeded('the number of root fields', planner.budget.limits.aliases)
  const roots = fields.flatMap(selected => planField(planner, selected, type.name))
  return { operation, name: node.name?.value, roots }
}

function planField(planner: Planner, selected: Selected, typename: string): RootPlan[] {
  const { key } = selected
  if (selected.is === 'typename')
    return [{ key, name: '__typename', is: 'json', json: JSON.stringify(typename) }]
  const { name, means } = selected.field
  if (name.startsWith('__'))
    return [{ key, name, is: 'json', json: JSON.stringify(introspect(planner, selected) ?? null) }]
  if (means.is !== 'namespace') return [planRoot(planner, selected)]
  const inside = objectTypeOf(selected.field.type).name
  return below(planner, selected).flatMap(each =>
    planField(planner, each, inside).map(root => ({ ...root, within: key })),
  )
}

/** https://spec.graphql.org/October2021/#sec-Single-root-field; the directive is Hasura's. */
function checkSubscription(fields: Selected[], directives: readonly DirectiveNode[]): void {
  const several = directives.some(({ name }) => name.value === '_multiple_top_level_fields')
  const spaces = fields.some(each => each.is === 'field' && each.field.means.is === 'namespace')
  if (fields.length > 1 && (!several || spaces))
    throw invalid('$', 'subscriptions must select one top level field')
}

function withIntrospection(find: (name: string) => Field | undefined) {
  return (name: string) => introspectionFields.get(name) ?? find(name)
}

function planRoot(planner: Planner, selected: SelectedField): RootPlan {
  const { key, field } = selected
  const { means, name } = field
  if (means.is === 'table' && means.as === 'select_stream') {
    const stream = planStream(planner, selected, means.table)
    return { key, name, is: 'stream', source: means.table.source, stream }
  }
  if (means.is === 'table') {
    const mutation = planMutation(planner, selected, means.table, means.as)
    if (mutation) return { key, name, is: 'mutation', source: means.table.source, mutation }
    const selection = planTable(planner, selected, means.table, means.as)
    return { key, name, is: 'query', source: means.table.source, selection }
  }
  if (means.is === 'function') {
    const { fn, as } = means
    const call = planCall(planner, fn, selected.args.get('args'), argumentPlace(selected, 'args'))
    const rows: Rows = { ...rowsOf(fn.table, [], always), from: { is: 'call', call } }
    const shape = as === 'aggregate' ? 'aggregate' : fn.set ? 'rows' : 'single'
    const selection = planRows(planner, selected, { table: fn.table, rows, as: shape })
    return { key, name, is: 'query', source: fn.source, selection }
  }
  if (means.is === 'action')
    return { key, name, is: 'action', plan: planAction(planner, selected, means.action) }
  if (means.is === 'action-result')
    return { key, name, is: 'action-result', plan: planActionResult(planner, selected, means.action) }
  if (means.is === 'nothing') return { key, name, is: 'json', json: JSON.stringify(field.description) }
  throw new RequestError('not-supported', selected.path, `${name} is not supported`)
}

function planTable(planner: Planner, selected: SelectedField, table: Table, as: string): Selection {
  const rows = rowsOf(table, [], always)
  switch (as) {
    case 'select':
      return planRows(planner, selected, { table, rows, as: 'rows' })
    case 'select_aggregate':
      return planRows(planner, selected, { table, rows, as: 'aggregate' })
    case 'select_by_pk':
      return planRows(planner, selected, {
        table,
        rows: { ...rows, where: keyOf(planner, selected, table) },
        as: 'single',
      })
    default:
      throw new RequestError('not-supported', selected.path, `${selected.field.name} is not supported here`)
  }
}

function planMutation(
  planner: Planner,
  selected: SelectedField,
  table: Table,
  as: string,
): Mutation | undefined {
  switch (as) {
    case 'insert':
    case 'insert_one':
      return planInsert(planner, selected, table, as === 'insert_one')
    case 'update':
      return planUpdate(planner, selected, table)
    case 'update_by_pk':
      return planUpdateByKey(planner, selected, table)
    case 'update_many':
      return planUpdateMany(planner, selected, table)
    case 'delete':
      return planDelete(planner, selected, table)
    case 'delete_by_pk':
      return planDeleteByKey(planner, selected, table)
    default:
      return undefined
  }
}
