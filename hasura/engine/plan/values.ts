/** One value for a column or an argument of a function: coerced to the text that Postgres reads. */

import type { CatalogType } from '../catalog.ts'
import { namedType, nullable } from '../schema/types.ts'
import { type Input, isNull, items } from './input.ts'
import { exceeded } from './limits.ts'
import type { Encoded, PgType, Value } from './plan.ts'
import type { Planner } from './planner.ts'
import { choice, noList, type Place, peel, unexpectedNull, variableAt } from './read.ts'
import { arrayText, scalarText } from './scalar-text.ts'
import { isBound, variableInput } from './variables.ts'

export function pgType(type: CatalogType): PgType {
  const { name, schema } = type.element ?? type
  return { name, schema, array: Boolean(type.element) }
}

export function arrayOf(type: PgType): PgType {
  return { ...type, array: true }
}

/** `nulls`: null is a value. `many`: any number of values, as after `_in`, and not one value that is an array. */
export type ValuePlace = Place & { postgres: PgType; nulls?: boolean; many?: boolean }

export function readValue(planner: Planner, input: Input, place: ValuePlace): Value {
  const { postgres: type } = place
  const encode = (found: Input) => encoded(planner, found, place)
  const name = variableAt(planner, input, place)
  if (name === undefined) return { from: 'document', value: encode(input), type }
  planner.variables.open.add(name)
  const found = variableInput(planner.variables, name) ?? { is: 'json', value: null }
  const value = encode(found)
  if (!isBound(planner.variables.given, name)) return { from: 'document', value, type }
  return { from: 'variable', name, read: value => encode({ is: 'json', value }), type }
}

function encoded(planner: Planner, input: Input, place: ValuePlace): Encoded {
  if (place.many) return manyOf(planner, input, place)
  if (isNull(input) && place.nulls) return null
  const type = namedType(place.type)
  if (type.kind === 'ENUM') return choice(input, type, place).stored
  if (isNull(input)) throw unexpectedNull(place)
  const { postgres, path } = place
  const variable = (name: string) => peelValue(planner, name)
  return postgres.array
    ? arrayText(input, { type: postgres, path, variable })
    : scalarText(input, { type: postgres, path, variable })
}

/** A single value is a list of one. */
function manyOf(planner: Planner, input: Input, place: ValuePlace): Encoded {
  if (isNull(input)) throw noList(place.path)
  const list = items(input) ?? [input]
  // Counted for itself: what a remembered plan reads later belongs to no request's budget.
  const most = planner.budget.limits.values
  if (list.length > most) throw exceeded('the number of values', most)
  const inner = nullable(place.type)
  const type = inner.ref === 'list' ? inner.of : inner
  return list.map((item, position): string | null => {
    const path = `${place.path}[${position}]`
    const at: ValuePlace = {
      ...place,
      type,
      path,
      postgres: { ...place.postgres, array: false },
      many: false,
    }
    // A variable inside a list belongs to the plan's form.
    const found = peel(planner, item, at) ?? { is: 'json', value: null }
    const text = encoded(planner, found, at)
    return Array.isArray(text) ? null : text
  })
}

/** A variable inside of a value belongs to the plan's form. */
function peelValue(planner: Planner, name: string): Input {
  planner.variables.structural.add(name)
  return variableInput(planner.variables, name) ?? { is: 'json', value: null }
}
