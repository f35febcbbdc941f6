/** The types of actions: custom scalars, enums, inputs and objects, and what an asynchronous action answers later. */
import type { TypeNode } from 'graphql'
import type { Action, AnswerRelation, TypedName } from '../model/actions.ts'
import { isAmong } from '../model/inherited-roles.ts'
import { admin } from '../model/role-permissions.ts'
import type { Maker } from './maker.ts'
import { relationFields } from './row-type.ts'
import { plainScalar } from './scalars.ts'
import { byName, type Field, inputType, list, nonNull, objectType, type TypeRef } from './types.ts'

export function mayCall({ role, model }: Maker, { roles }: Action): boolean {
  return role === admin || isAmong(model, role, roles)
}

export function actionField(maker: Maker, action: Action): Field | undefined {
  if (!mayCall(maker, action)) return undefined
  return {
    name: action.name,
    description: action.comment,
    args: action.arguments.map(({ name, type, description }) => ({
      name,
      description,
      type: inputRef(maker, type),
    })),
    type: action.asynchronous ? nonNull(plainScalar(maker, 'uuid')) : outputRef(maker, action.output),
    means: { is: 'action', action },
  }
}

/** Where an asynchronous action's answer is found once it is there. */
export function actionResultField(maker: Maker, action: Action): Field | undefined {
  if (!mayCall(maker, action)) return undefined
  const id = nonNull(plainScalar(maker, 'uuid'))
  const field = (name: string, type: TypeRef, description: string): Field => ({
    name,
    description,
    args: [],
    type,
    means: { is: 'action-result-field', name },
  })
  const make = () => [
    field('id', id, 'the unique id of an action'),
    field(
      'created_at',
      nonNull(plainScalar(maker, 'timestamptz')),
      'the time at which this action was created',
    ),
    field('errors', plainScalar(maker, 'json'), 'errors related to the invocation'),
    field('output', outputRef(maker, action.output), 'the output fields of this action'),
  ]
  const description = `fields of action: "${action.name}"`
  return {
    name: action.name,
    description: action.comment ?? `retrieve the result of action: "${action.name}"`,
    args: [{ name: 'id', description: `the unique id of an action`, type: id }],
    type: maker.type(action.name, () => objectType(action.name, description, make)),
    means: { is: 'action-result', action },
  }
}

function outputRef(maker: Maker, type: TypeNode): TypeRef {
  if (type.kind === 'NonNullType') return nonNull(outputRef(maker, type.type))
  if (type.kind === 'ListType') return list(outputRef(maker, type.type))
  const name = type.name.value
  const custom = maker.model.customTypes.get(name)
  if (custom?.is !== 'object') return leafRef(maker, name)
  const { fields, relations, description } = custom
  return maker.type(name, () =>
    objectType(name, description, () =>
      [
        ...fields.map(field => answerField(maker, field)),
        ...relations.flatMap(relation => answerRelation(maker, relation)),
      ].toSorted(byName),
    ),
  )
}

function answerField(maker: Maker, { name, type, description }: TypedName): Field {
  return { name, description, args: [], type: outputRef(maker, type), means: { is: 'action-field', name } }
}

function answerRelation(maker: Maker, answer: AnswerRelation): Field[] {
  const { table } = answer.relation
  if (!maker.select(table)) return []
  return relationFields(maker, table, answer.relation).flatMap(field => {
    const { means } = field
    return means.is === 'relation'
      ? [{ ...field, means: { is: 'action-relation', answer, as: means.as } }]
      : []
  })
}

function inputRef(maker: Maker, type: TypeNode): TypeRef {
  if (type.kind === 'NonNullType') return nonNull(inputRef(maker, type.type))
  if (type.kind === 'ListType') return list(inputRef(maker, type.type))
  const name = type.name.value
  const custom = maker.model.customTypes.get(name)
  if (custom?.is !== 'input') return leafRef(maker, name)
  const make = () =>
    custom.fields.map(field => ({
      name: field.name,
      description: field.description,
      type: inputRef(maker, field.type),
      means: { is: 'plain' } as const,
    }))
  return maker.type(name, () => inputType(name, custom.description, make))
}

function leafRef(maker: Maker, name: string): TypeRef {
  const custom = maker.model.customTypes.get(name)
  if (custom?.is === 'enum')
    return maker.type(name, () => ({
      kind: 'ENUM',
      name,
      description: custom.description,
      values: custom.values,
    }))
  if (custom?.is === 'scalar')
    return maker.type(name, () => ({ kind: 'SCALAR', name, description: custom.description }))
  return plainScalar(maker, name)
}
