/** `{_eq: 1, _lt: 3}` about a column, a computed field or an aggregate. */
import type { CatalogType } from '../catalog.ts'
import type { Input } from './input.ts'
import { operandType } from './permission.ts'
import { always, type BoolExp, both, type Expression } from './plan.ts'
import type { Planner } from './planner.ts'
import { itemType, type Member, type Place, readBoolean, readList, readObject } from './read.ts'
import { pgType, readValue } from './values.ts'

export type Subject = { left: Expression; type: CatalogType }

/** `{_eq: 1, _lt: 3}` about one value. */
export function planComparisons(planner: Planner, input: Input, place: Place, subject: Subject): BoolExp {
  const members = readObject(planner, input, place)
  if (!members) return always
  return both(...[...members.values()].map(member => planComparison(planner, member, subject)))
}

const text: CatalogType = { name: 'text', schema: 'pg_catalog', kind: 'b' }

function planComparison(planner: Planner, { input, field, path }: Member, { left, type }: Subject): BoolExp {
  if (field.means.is !== 'operator') throw new Error(`${field.name} is no operator`)
  const { operator } = field.means
  const place: Place = { type: field.type, path }
  if (operator === '_is_null') {
    const flag = readBoolean(planner, input, place)
    return { is: 'null', left, negated: flag === false }
  }
  if (operator === '_cast') {
    const cast: Expression = left.is === 'cast' ? left : { is: 'cast', of: left, type: pgType(text) }
    return planComparisons(planner, input, place, { left: cast, type: text })
  }
  const among = operator === '_in' || operator === '_nin'
  const postgres = among ? { ...pgType(type), array: true } : operandType(operator, type)
  if (among && type.element)
    return planArrayIn(planner, input, place, { left, type, negated: operator === '_nin' })
  const many = among || manyOperators.has(operator)
  return {
    is: 'compare',
    left,
    operator,
    right: { is: 'value', value: readValue(planner, input, { ...place, postgres, many }) },
  }
}

/** Those that take any number of values. */
const manyOperators = new Set([
  '_has_keys_any',
  '_has_keys_all',
  '_ancestor_any',
  '_descendant_any',
  '_matches_any',
])

/** A list of arrays: Postgres has no arrays of arrays of different lengths, so each is compared for itself. */
function planArrayIn(
  planner: Planner,
  input: Input,
  place: Place,
  { left, type, negated }: Subject & { negated: boolean },
): BoolExp {
  const list = readList(planner, input, place) ?? []
  const one = itemType(place.type)
  const any: BoolExp = {
    is: 'or',
    all: list.map(item => {
      const value = readValue(planner, item.input, { type: one, path: item.path, postgres: pgType(type) })
      return { is: 'compare', left, operator: '_eq', right: { is: 'value', value } }
    }),
  }
  return negated ? { is: 'not', exp: any } : any
}
