/** A webhook's answer against the action's type: what is asked of it, in the order of the selection. */

import { RequestError } from '../errors.ts'
import { isRawNumber } from '../exact-json.ts'
import type { AnswerOutput } from '../plan/action.ts'
import { nullable, type TypeRef, typeText } from '../schema/types.ts'

/** JSON text; a relationship is a gap, to be filled once its rows are known. */
export type Shaped = string | Gap | { members: [string, Shaped][] } | { items: Shaped[] }
export type Gap = { output: AnswerOutput & { is: 'related' }; values: unknown[]; text: string }

export function shapeAnswer(value: unknown, type: TypeRef, outputs: AnswerOutput[], gaps: Gap[]): Shaped {
  if (value === null || value === undefined) {
    if (type.ref === 'non-null') throw unexpected('got null for the action webhook response')
    return 'null'
  }
  const inner = nullable(type)
  if (inner.ref === 'list') {
    if (!Array.isArray(value)) throw unexpected('expecting array for the action webhook response')
    return { items: value.map(item => shapeAnswer(item, inner.of, outputs, gaps)) }
  }
  const name = typeText(inner)
  const object = inner.ref === 'named' && inner.get().kind === 'OBJECT'
  if (!object) {
    const leaf = ['Int', 'Float', 'String', 'Boolean', 'ID'].includes(name)
    if (leaf && typeof value === 'object' && !isRawNumber(value))
      throw unexpected(
        `got ${Array.isArray(value) ? 'array' : 'object'} for the action webhook response, expecting ${name}`,
      )
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) throw unexpected(`got array for the action webhook response, expecting ${name}`)
  if (typeof value !== 'object' || isRawNumber(value)) {
    const kind = isRawNumber(value) ? 'number' : typeof value
    throw unexpected(
      `got scalar ${kind.charAt(0).toUpperCase()}${kind.slice(1)} for the action webhook response, expecting ${name}`,
    )
  }
  return shapeObject(new Map(Object.entries(value)), outputs, gaps)
}

function shapeObject(found: Map<string, unknown>, outputs: AnswerOutput[], gaps: Gap[]): Shaped {
  const members = outputs.flatMap((output): [string, Shaped][] => {
    if (output.is === 'text') return [[output.key, JSON.stringify(output.value)]]
    // What the webhook leaves out is left out, as Hasura does.
    if (output.is === 'field' && output.type.ref !== 'non-null' && !found.has(output.name)) return []
    if (output.is === 'field') return [[output.key, shapeField(found, output, gaps)]]
    const gap: Gap = {
      output,
      values: output.pairs.map(({ field }) => found.get(field) ?? null),
      text: 'null',
    }
    gaps.push(gap)
    return [[output.key, gap]]
  })
  return { members }
}

function shapeField(
  found: Map<string, unknown>,
  { name, type, outputs }: AnswerOutput & { is: 'field' },
  gaps: Gap[],
): Shaped {
  const value = found.get(name)
  if (type.ref === 'non-null' && !found.has(name))
    throw unexpected(`field "${name}" expected in webhook response, but not found`)
  if (type.ref === 'non-null' && value === null)
    throw unexpected(`expecting not null value for field "${name}"`)
  return shapeAnswer(value, type, outputs, gaps)
}

export function shapedText(shaped: Shaped): string {
  if (typeof shaped === 'string') return shaped
  if ('text' in shaped) return shaped.text
  if ('items' in shaped) return `[${shaped.items.map(shapedText).join(',')}]`
  return `{${shaped.members.map(([key, member]) => `${JSON.stringify(key)}:${shapedText(member)}`).join(',')}}`
}

function unexpected(message: string): RequestError {
  return new RequestError('unexpected', '$', message)
}
