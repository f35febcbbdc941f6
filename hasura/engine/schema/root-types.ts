/** query_root, mutation_root and subscription_root of a role: each root field is made when it is looked up. */
import { typeName } from '../model/naming.ts'
import type { FieldTarget, RootTarget } from '../model.ts'
import type { Maker } from './maker.ts'
import { mutationField } from './mutation-fields.ts'
import { plainScalar } from './scalars.ts'
import { queryField } from './select-fields.ts'
import { byName, type Field, nonNull, type ObjectType } from './types.ts'

type Make = (maker: Maker, name: string, target: RootTarget) => Field | undefined
type MakeField = (maker: Maker, name: string, target: FieldTarget) => Field | undefined

export function queryRoot(maker: Maker): ObjectType {
  const targets = maker.model.roots.query
  const make = withNamespaces('query', (...given) => queryField('query', ...given))
  return lazyRoot(maker, { name: 'query_root', targets, make }) ?? nothing(maker)
}

export function mutationRoot(maker: Maker): ObjectType | undefined {
  const targets = maker.model.roots.mutation
  // Hasura has a schema for those who may use backend-only permissions and one for everybody else.
  const make = withNamespaces(maker.backend ? 'mutation_backend' : 'mutation_frontend', mutationField)
  return lazyRoot(maker, { name: 'mutation_root', targets, make })
}

export function subscriptionRoot(maker: Maker): ObjectType | undefined {
  const targets = maker.model.roots.query
  const make = withNamespaces('subscription', (...given) => queryField('subscription', ...given))
  return lazyRoot(maker, { name: 'subscription_root', targets, make })
}

/** https://hasura.io/docs/2.0/schema/postgres/customize-schema/: `my_source: my_source_query` */
function withNamespaces(operation: string, make: MakeField): Make {
  return (maker, name, target) => {
    if (target.is !== 'namespace') return make(maker, name, target)
    const type = lazyRoot(maker, {
      name: typeName(target.naming, name, operation),
      targets: target.targets,
      make: withNamespaces(operation, make),
    })
    if (!type) return undefined
    const ref = nonNull(maker.type(type.name, () => type))
    return { name, description: null, args: [], type: ref, means: { is: 'namespace' } }
  }
}

type Root = { name: string; targets: Map<string, RootTarget>; make: Make }

/** Undefined when the role has not one of the fields. */
function lazyRoot(maker: Maker, { name, targets, make }: Root): ObjectType | undefined {
  const fields = new Map<string, Field>()
  const find = (wanted: string) => {
    const target = targets.get(wanted)
    const field = target && (fields.get(wanted) ?? make(maker, wanted, target))
    if (field) fields.set(wanted, field)
    return field
  }
  for (const key of targets.keys()) {
    if (!find(key)) continue
    const list = () => [...targets.keys()].flatMap(each => find(each) ?? []).toSorted(byName)
    return { kind: 'OBJECT', name, description: null, find, list }
  }
  return undefined
}

/** GraphQL knows no empty object. */
function nothing(maker: Maker): ObjectType {
  const field: Field = {
    name: 'no_queries_available',
    description:
      "There are no queries available to the current role. Either there are no sources or remote schemas configured, or the current role doesn't have the required permissions.",
    args: [],
    type: plainScalar(maker, 'String'),
    means: { is: 'nothing' },
  }
  const find = (name: string) => (name === field.name ? field : undefined)
  return { kind: 'OBJECT', name: 'query_root', description: null, find, list: () => [field] }
}
