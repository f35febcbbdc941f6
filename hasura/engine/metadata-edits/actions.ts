/** Actions and the types they speak of. */
import { RequestError } from '../errors.ts'
import {
  type Args,
  list,
  object,
  objectArgs,
  optionalText,
  parseFailed,
  text,
  without,
} from '../metadata-api/arguments.ts'
import type { Metadata } from '../metadata-types.ts'
import { alreadyExists, type Edit, type Edited, notExists, removeFrom } from './edit.ts'

export const actionEdits: Record<string, Edit> = {
  set_custom_types: (draft, args) => {
    draft.custom_types = args
    return { touched: [{ type: 'custom_types', name: 'custom_types' }] }
  },
  create_action: (draft, args) => {
    const name = text(args, 'name')
    const definition = definitionOf(args)
    if (draft.actions?.some(each => each.name === name))
      throw alreadyExists(`action with name "${name}" already exists`)
    const comment = optionalText(args, 'comment')
    draft.actions = [...(draft.actions ?? []), without({ name, definition, comment: comment ?? undefined })]
    return touchedAction(name)
  },
  update_action: (draft, args) => {
    const action = actionOf(draft, args)
    action.definition = definitionOf(args)
    if (args.comment !== undefined) action.comment = optionalText(args, 'comment')
    return touchedAction(action.name)
  },
  drop_action: (draft, args) => {
    const { name, permissions = [] } = actionOf(draft, args)
    if (permissions.length > 0 && args.clear_data === false)
      throw new RequestError('dependency-error', '$.args', `action "${name}" has permissions`)
    removeFrom(draft.actions, each => each.name === name)
    return {}
  },
  create_action_permission: (draft, args) => {
    const action = actionOf(draft, args, 'action')
    const role = text(args, 'role')
    if (action.permissions?.some(each => each.role === role))
      throw alreadyExists(`permission for role "${role}" is already defined on "${action.name}"`)
    action.permissions = [...(action.permissions ?? []), { role }]
    return {}
  },
  drop_action_permission: (draft, args) => {
    const action = actionOf(draft, args, 'action')
    const role = text(args, 'role')
    if (!removeFrom(action.permissions, each => each.role === role))
      throw notExists(`permission for role "${role}" is not defined on "${action.name}"`)
    return {}
  },
}

function actionOf(draft: Metadata, args: Args, key = 'name') {
  const name = text(args, key)
  const action = draft.actions?.find(each => each.name === name)
  if (!action) throw notExists(`action with name "${name}" does not exist`)
  return action
}

function touchedAction(name: string): Edited {
  return { touched: [{ type: 'action', name: `action ${name}` }] }
}

function definitionOf(args: Args) {
  const definition = object(args, 'definition')
  checkHeaders(definition.headers)
  return {
    ...definition,
    handler: text(definition, 'handler', '$.definition'),
    output_type: text(definition, 'output_type', '$.definition'),
    arguments: (definition.arguments ?? null) === null ? [] : list(definition, 'arguments', '$.definition'),
  } as NonNullable<Metadata['actions']>[number]['definition']
}

/** Headers may take the environment's variables, but not the server's own settings. */
export function checkHeaders(headers: unknown, path = '$.definition.headers'): void {
  if (headers === undefined || headers === null) return
  if (!Array.isArray(headers)) throw parseFailed(path, 'parsing [] failed, expected Array')
  for (const [position, item] of headers.entries()) {
    const header = objectArgs(item)
    text(header, 'name', `${path}[${position}]`)
    const { value_from_env: name } = header
    if (typeof name === 'string' && name.startsWith('HASURA_GRAPHQL_'))
      throw parseFailed(
        `${path}[${position}]`,
        `env variables starting with "HASURA_GRAPHQL_" are not allowed in value_from_env: ${name}`,
      )
    if (header.value === undefined && name === undefined)
      throw parseFailed(`${path}[${position}]`, 'expecting value or value_from_env keys')
    if (header.value !== undefined && name !== undefined)
      throw parseFailed(`${path}[${position}]`, 'expecting only one of value or value_from_env keys')
  }
}
