/** A value of a request, wherever it stands: written in the document, or in the JSON of a variable. */
import type { ValueNode } from 'graphql'
import { exactNumber, isRawNumber } from '../exact-json.ts'

export type Input = { is: 'ast'; node: ValueNode } | { is: 'json'; value: unknown }

export function isNull(input: Input): boolean {
  return input.is === 'ast' ? input.node.kind === 'NullValue' : input.value === null
}

/** What was found, in the words of Hasura's messages. */
export function describe(input: Input): string {
  return input.is === 'ast' ? describeNode(input.node) : describeJson(input.value)
}

function describeNode(node: ValueNode): string {
  switch (node.kind) {
    case 'NullValue':
      return 'null'
    case 'IntValue':
      return 'an integer'
    case 'FloatValue':
      return 'a float'
    case 'StringValue':
      return 'a string'
    case 'BooleanValue':
      return 'a boolean'
    case 'EnumValue':
      return 'an enum value'
    case 'ListValue':
      return 'a list'
    case 'ObjectValue':
      return 'an object'
    default:
      return 'a variable'
  }
}

function describeJson(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (isRawNumber(value)) return 'a number'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

/** The members of an object; undefined when it is none. */
export function members(input: Input): [string, Input][] | undefined {
  if (input.is === 'ast')
    return input.node.kind === 'ObjectValue'
      ? input.node.fields.map(({ name, value }) => [name.value, { is: 'ast', node: value }])
      : undefined
  const { value } = input
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isRawNumber(value))
    return undefined
  return Object.entries(value).map(([key, member]) => [key, { is: 'json', value: member }])
}

/** The items of a list; undefined when it is none. */
export function items(input: Input): Input[] | undefined {
  if (input.is === 'ast')
    return input.node.kind === 'ListValue' ? input.node.values.map(node => ({ is: 'ast', node })) : undefined
  return Array.isArray(input.value) ? input.value.map(value => ({ is: 'json', value })) : undefined
}

/** The input as JSON; variables inside are looked up. */
export function toJson(input: Input, variable: (name: string) => unknown): unknown {
  return input.is === 'json' ? input.value : nodeToJson(input.node, variable)
}

function nodeToJson(node: ValueNode, variable: (name: string) => unknown): unknown {
  switch (node.kind) {
    case 'NullValue':
      return null
    case 'IntValue':
    case 'FloatValue':
      return exactNumber(node.value)
    case 'StringValue':
    case 'BooleanValue':
    case 'EnumValue':
      return node.value
    case 'ListValue':
      return node.values.map(item => nodeToJson(item, variable))
    case 'ObjectValue':
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, nodeToJson(value, variable)]),
      )
    case 'Variable':
      return variable(node.name.value)
  }
}
