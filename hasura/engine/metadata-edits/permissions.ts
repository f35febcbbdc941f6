/** Permissions of roles on tables and functions; inherited roles. */
import { RequestError } from '../errors.ts'
import {
  type Args,
  list,
  object,
  optionalText,
  sameName,
  sourceName,
  tableName,
  text,
  without,
} from '../metadata-api/arguments.ts'
import type { Metadata } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import { admin } from '../model/role-permissions.ts'
import { alreadyExists, type Edit, notExists, removeFrom, sourceOf, trackedTable } from './edit.ts'
import { createObject, dropObject, objectOf, type TableObject } from './table-objects.ts'

const kinds = ['select', 'insert', 'update', 'delete'] as const

const permissionOf = (kind: (typeof kinds)[number]): TableObject => ({
  type: `${kind}_permission`,
  list: `${kind}_permissions`,
  by: 'role',
  read: (args, role) =>
    without({
      role,
      permission: object(args, 'permission'),
      comment: optionalText(args, 'comment') ?? undefined,
    }),
  refused: ({ entry, name }, role) =>
    role === admin || objectOf(entry, permissionOf(kind), role)
      ? alreadyExists(`${kind} permission already defined on table "${shown(name)}" with role "${role}"`)
      : undefined,
  missing: ({ name }, role) =>
    new RequestError(
      'permission-denied',
      '$.args',
      `${kind} permission on "${shown(name)}" for role "${role}" does not exist`,
    ),
})

export const permissionEdits: Record<string, Edit> = {
  ...Object.fromEntries(
    kinds.flatMap((kind): [string, Edit][] => [
      [`create_${kind}_permission`, createObject(permissionOf(kind))],
      [`drop_${kind}_permission`, dropObject(permissionOf(kind))],
    ]),
  ),
  set_permission_comment: (draft, args) => {
    const found = trackedTable(draft, args)
    const kind = kinds.find(each => each === text(args, 'type'))
    if (!kind) throw new RequestError('parse-failed', '$.type', 'unexpected type of permission')
    const role = text(args, 'role')
    const permission = objectOf(found.entry, permissionOf(kind), role)
    if (!permission) throw permissionOf(kind).missing(found, role)
    permission.comment = optionalText(args, 'comment')
    return {}
  },
  create_function_permission: (draft, args) => {
    const { entry, source, name } = trackedFunction(draft, args)
    const role = text(args, 'role')
    if (entry.permissions?.some(each => each.role === role))
      throw alreadyExists(
        `permission of role "${role}" already exists for function "${shown(name)}" in source: "${source}"`,
      )
    entry.permissions = [...(entry.permissions ?? []), { role }]
    return {
      touched: [
        {
          type: 'function_permission',
          name: `function_permission ${role} permission for function ${shown(name)} in source ${source}`,
        },
      ],
    }
  },
  drop_function_permission: (draft, args) => {
    const { entry, source, name } = trackedFunction(draft, args)
    const role = text(args, 'role')
    if (!removeFrom(entry.permissions, each => each.role === role))
      throw notExists(
        `permission of role "${role}" does not exist for function "${shown(name)}" in source: "${source}"`,
      )
    return {}
  },
  add_inherited_role: (draft, args) => {
    const name = text(args, 'role_name')
    const roles = list(args, 'role_set').map(String)
    const others = draft.inherited_roles?.filter(({ role_name }) => role_name !== name) ?? []
    draft.inherited_roles = [...others, { role_name: name, role_set: roles }]
    return { touched: [{ type: 'inherited_role', name: `inherited role ${name}` }] }
  },
  drop_inherited_role: (draft, args) => {
    const name = text(args, 'role_name')
    if (!removeFrom(draft.inherited_roles, ({ role_name }) => role_name === name))
      throw new RequestError('not-exists', '$.args', `inherited role "${name}" doesn't exist`)
    return {}
  },
}

export function trackedFunction(draft: Metadata, args: Args) {
  const source = sourceOf(draft, sourceName(args))
  const name = tableName(args.function, '$.function')
  const entry = source.functions?.find(each => sameName(each.function, name))
  if (!entry) throw notExists(`function "${shown(name)}" does not exist in source: ${source.name}`)
  return { entry, source: source.name, name }
}
