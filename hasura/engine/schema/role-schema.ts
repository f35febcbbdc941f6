/** Stage 4: model × role → that role's types. Nothing is made before it is asked for. */

import { deleteView, insertView, selectView, updateView } from '../model/role-permissions.ts'
import type { Model, Table } from '../model.ts'
import type { Maker } from './maker.ts'
import { mutationRoot, queryRoot, subscriptionRoot } from './root-types.ts'
import type { NamedType, ObjectType } from './types.ts'

export type RoleSchema = Maker & {
  query: ObjectType
  mutation: ObjectType | undefined
  subscription: ObjectType | undefined
}

/** `backend`: permissions marked backend_only are in force (an admin secret and the header that asks for it). */
export function createRoleSchema(model: Model, role: string, backend: boolean): RoleSchema {
  const types = new Map<string, NamedType>()
  const visible = <V extends { backendOnly: boolean }>(view: V | undefined) =>
    view && (!view.backendOnly || backend) ? view : undefined
  const maker: Maker = {
    model,
    role,
    backend,
    type(name, make) {
      const get = () => {
        const known = types.get(name)
        if (known) return known
        const made = make()
        types.set(name, made)
        return made
      }
      return { ref: 'named', name, get }
    },
    select: remembered(table => selectView(model, table, role)),
    insert: remembered(table => visible(insertView(model, table, role))),
    update: remembered(table => visible(updateView(model, table, role))),
    delete: remembered(table => visible(deleteView(model, table, role))),
  }
  return {
    ...maker,
    query: queryRoot(maker),
    mutation: mutationRoot(maker),
    subscription: subscriptionRoot(maker),
  }
}

function remembered<V>(of: (table: Table) => V): (table: Table) => V {
  const known = new Map<Table, { view: V }>()
  return table => {
    const found = known.get(table) ?? { view: of(table) }
    known.set(table, found)
    return found.view
  }
}
