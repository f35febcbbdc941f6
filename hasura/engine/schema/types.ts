/** The types of a role's schema. What a field *means* stands beside its name, so planning needs no second look-up. */
import type { CatalogType } from '../catalog.ts'
import type { Action, AnswerRelation } from '../model/actions.ts'
import type { Mask } from '../model/role-permissions.ts'
import type {
  CallArgument,
  Column,
  Computed,
  Relation,
  RootFieldName,
  SourceRelation,
  Table,
  TrackedFn,
} from '../model.ts'

export type TypeRef =
  | { ref: 'named'; name: string; get: () => NamedType }
  | { ref: 'list'; of: TypeRef }
  | { ref: 'non-null'; of: TypeRef }

export type NamedType = ScalarType | EnumType | ObjectType | InputType

export type ScalarType = { kind: 'SCALAR'; name: string; description: string | null; postgres?: CatalogType }
export type EnumType = {
  kind: 'ENUM'
  name: string
  description: string | null
  /** `stored`: what the table has for it, when that is not its name. */
  values: { name: string; description: string | null; column?: Column; stored?: string }[]
}
export type ObjectType = {
  kind: 'OBJECT'
  name: string
  description: string | null
  find(name: string): Field | undefined
  list(): Field[]
}
export type InputType = {
  kind: 'INPUT_OBJECT'
  name: string
  description: string | null
  fields(): Map<string, InputField>
}
export type Argument = { name: string; description: string | null; type: TypeRef; default?: string }
export type Field = {
  name: string
  description: string | null
  args: Argument[]
  type: TypeRef
  means: Meaning
}
export type InputField = {
  name: string
  description: string | null
  type: TypeRef
  default?: string
  means: InputMeaning
}

export const aggregateOperators = [
  'sum',
  'avg',
  'stddev',
  'stddev_samp',
  'stddev_pop',
  'variance',
  'var_samp',
  'var_pop',
  'max',
  'min',
] as const
export type AggregateOperator = (typeof aggregateOperators)[number]

/** What a field of an answer stands for. */
export type Meaning =
  | { is: 'table'; table: Table; as: RootFieldName }
  | { is: 'function'; fn: TrackedFn; as: 'rows' | 'aggregate' }
  | { is: 'column'; column: Column; mask: Mask }
  | { is: 'relation'; relation: Relation; as: 'object' | 'array' | 'aggregate' }
  | { is: 'source-relation'; relation: SourceRelation; as: 'object' | 'array' | 'aggregate' }
  | { is: 'computed'; computed: Computed; mask: Mask; as: 'scalar' | 'rows' | 'aggregate' }
  | { is: 'aggregate' }
  | { is: 'nodes' }
  | { is: 'count' }
  | { is: 'operator'; operator: AggregateOperator }
  | { is: 'namespace' }
  | { is: 'affected_rows' }
  | { is: 'returning' }
  | { is: 'nothing' }
  | { is: 'action'; action: Action }
  | { is: 'action-result'; action: Action }
  | { is: 'action-result-field'; name: string }
  | { is: 'action-field'; name: string }
  | { is: 'action-relation'; answer: AnswerRelation; as: 'object' | 'array' | 'aggregate' }

/** What a field of an input stands for. */
export type InputMeaning =
  | { is: 'and' | 'or' | 'not' }
  | { is: 'column'; column: Column; mask: Mask }
  | { is: 'relation'; relation: Relation }
  | { is: 'relation-aggregate'; relation: Relation }
  | { is: 'computed'; computed: Computed; mask: Mask }
  | { is: 'operator'; operator: string }
  | { is: 'aggregate-count' }
  | { is: 'aggregate-operator'; operator: AggregateOperator }
  | { is: 'aggregate-predicate'; function: string; takes: 'columns' | 'column' | 'pair' }
  | { is: 'argument'; argument: CallArgument & { is: 'input' } }
  | { is: 'plain' }

export function nonNull(of: TypeRef): TypeRef {
  return { ref: 'non-null', of }
}
export function list(of: TypeRef): TypeRef {
  return { ref: 'list', of }
}

/** `[author_bool_exp!]!` */
export function typeText(type: TypeRef): string {
  if (type.ref === 'named') return type.name
  return type.ref === 'list' ? `[${typeText(type.of)}]` : `${typeText(type.of)}!`
}

export function nullable(type: TypeRef): TypeRef {
  return type.ref === 'non-null' ? type.of : type
}

/** The type without its lists and marks. */
export function namedType(type: TypeRef): NamedType {
  return type.ref === 'named' ? type.get() : namedType(type.of)
}

/** An object type whose fields are made when they are first looked at. */
export function objectType(name: string, description: string | null, make: () => Field[]): ObjectType {
  let fields: Map<string, Field> | undefined
  const all = () => {
    fields ??= new Map(make().map(field => [field.name, field]))
    return fields
  }
  return {
    kind: 'OBJECT',
    name,
    description,
    find: wanted => all().get(wanted),
    list: () => [...all().values()],
  }
}

export function inputType(name: string, description: string | null, make: () => InputField[]): InputType {
  let fields: Map<string, InputField> | undefined
  return {
    kind: 'INPUT_OBJECT',
    name,
    description,
    fields: () => {
      fields ??= new Map(make().map(field => [field.name, field]))
      return fields
    },
  }
}

/** Hasura lists fields by name. */
export function byName(left: { name: string }, right: { name: string }): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}
