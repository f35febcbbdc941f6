/** Permissions of roles on tables, functions and logical models; inherited roles. */
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
import type { Metadata, TrackedTable } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import { admin } from '../model/role-permissions.ts'
import {
  alreadyExists,
  type Edit,
  type Edited,
  inTable,
  notExists,
  removeFrom,
  sourceOf,
  trackedTable,
} from './edit.ts'

const kinds = ['select', 'insert', 'update', 'delete'] as const
type Kind = (typeof kinds)[number]

export const permissionEdits: Record<string, Edit> = {
  ...Object.fromEntries(
    kinds.flatMap((kind): [string, Edit][] => [
      [`create_${kind}_permission`, (draft, args) => create(draft, args, kind)],
      [`drop_${kind}_permission`, (draft, args) => drop(draft, args, kind)],
    ]),
  ),
  set_permission_comment: (draft, args) => {
    const { entry, name } = trackedTable(draft, args)
    const [kind, role] = [kindOf(text(args, 'type')), text(args, 'role')]
    const found = permissionsOf(entry, kind).find(each => each.role === role)
    if (!found) throw noPermission(kind, shown(name), role)
    found.comment = optionalText(args, 'comment')
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

function permissionsOf(entry: TrackedTable, kind: Kind) {
  const key = `${kind}_permissions` as const
  entry[key] ??= []
  return entry[key]
}

function kindOf(text: string): Kind {
  const found = kinds.find(kind => kind === text)
  if (!found) throw new RequestError('parse-failed', '$.type', 'unexpected type of permission')
  return found
}

function create(draft: Metadata, args: Args, kind: Kind): Edited {
  const role = text(args, 'role')
  const { entry, source, name } = trackedTable(draft, args)
  const permissions: { role: string; permission: object; comment?: string | null }[] = permissionsOf(
    entry,
    kind,
  )
  if (role === admin || permissions.some(each => each.role === role))
    throw alreadyExists(`${kind} permission already defined on table "${shown(name)}" with role "${role}"`)
  const permission = object(args, 'permission')
  permissions.push(without({ role, permission, comment: optionalText(args, 'comment') ?? undefined }))
  return { touched: [inTable(`${kind}_permission`, role, name, source.name)] }
}

function drop(draft: Metadata, args: Args, kind: Kind): Edited {
  const role = text(args, 'role')
  const { entry, name } = trackedTable(draft, args)
  if (!removeFrom<{ role: string }>(permissionsOf(entry, kind), each => each.role === role))
    throw noPermission(kind, shown(name), role)
  if (permissionsOf(entry, kind).length === 0) delete entry[`${kind}_permissions`]
  return {}
}

function noPermission(kind: Kind, table: string, role: string): RequestError {
  const message = `${kind} permission on "${table}" for role "${role}" does not exist`
  return new RequestError('permission-denied', '$.args', message)
}

export function trackedFunction(draft: Metadata, args: Args) {
  const source = sourceOf(draft, sourceName(args))
  const name = tableName(args.function, '$.function')
  const entry = source.functions?.find(each => sameName(each.function, name))
  if (!entry) throw notExists(`function "${shown(name)}" does not exist in source: ${source.name}`)
  return { entry, source: source.name, name }
}
