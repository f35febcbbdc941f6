/** Small things about a field that was selected. */
import type { CatalogType } from '../catalog.ts'
import { isBigNumber } from '../model/scalar-names.ts'
import { namedType, type ObjectType, type TypeRef } from '../schema/types.ts'
import { collect, type Selected } from './collect.ts'
import type { Planner } from './planner.ts'
import type { Place } from './read.ts'

/** A field of an answer, with the argument of each name at its place. */
export type SelectedField = Selected & { is: 'field' }

export function argumentPlace({ field, path }: SelectedField, name: string): Place | undefined {
  const argument = field.args.find(each => each.name === name)
  if (!argument) return undefined
  return { type: argument.type, path: `${path}.args.${name}`, hasDefault: argument.default !== undefined }
}

/** An argument that may be null, which is as if it was left out. */
export function optionalPlace(selected: SelectedField, name: string): Place | undefined {
  const place = argumentPlace(selected, name)
  return place && { ...place, nullIsNothing: true }
}

export function objectTypeOf(type: TypeRef): ObjectType {
  const named = namedType(type)
  if (named.kind !== 'OBJECT') throw new Error(`${named.name} is no object type`)
  return named
}

/** What stands below a field. */
export function below(planner: Planner, { field, sets, path, depth }: SelectedField): Selected[] {
  return collect(planner, objectTypeOf(field.type), { sets, path: `${path}.selectionSet`, depth: depth + 1 })
}

/** Whether JSON would lose digits of it, and the server was asked not to. */
export function asText({ stringify }: Planner, type: CatalogType): { text: boolean | 'array' } {
  if (!stringify || !isBigNumber(type)) return { text: false }
  return { text: type.element ? 'array' : true }
}
