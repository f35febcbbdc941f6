/** Whether a change of metadata may stand. */
import { quotedList, RequestError } from '../errors.ts'
import type { Touched } from '../metadata-edits/edit.ts'
import type { State } from '../state.ts'
import { newInconsistencies } from './whole.ts'

export function checkChange(before: State, after: State, touched: Touched[]): void {
  checkNames(before, after)
  const found = newInconsistencies(before, after)
  const own = after.inconsistencies.filter(({ type, name }) =>
    touched.some(object => object.type === type && object.name === name),
  )
  if (own.length > 0)
    throw new RequestError('invalid-configuration', '$.args', own.map(({ reason }) => reason).join(', '), own)
  // A collection's query, and so a REST endpoint, keeps the fields that it names.
  const queries = found.filter(({ type }) => type === 'query_collections')
  if (queries.length > 0)
    throw new RequestError(
      'unexpected',
      '$.args',
      'cannot continue due to newly found inconsistent metadata',
      queries,
      500,
    )
  if (found.length > 0)
    throw new RequestError('unexpected', '$.args', 'cannot continue due to new inconsistent metadata', found)
}

/** Two root fields of one name make no schema. */
export function checkNames(before: State, after: State): void {
  const known = new Set(before.model.conflicts.map(({ root, field }) => `${root} ${field}`))
  const found = after.model.conflicts.filter(({ root, field }) => !known.has(`${root} ${field}`))
  for (const root of ['mutation_root', 'subscription_root', 'query_root']) {
    const here = found.filter(conflict => conflict.root === root)
    if (here.length > 0 && here.every(({ owners }) => owners.every(owner => owner.startsWith('function '))))
      throw duplicated(here.map(({ field }) => field))
    const said = here.map(({ field, owners }) => `'${field}' defined in [${owners.toSorted().join(', ')}]`)
    if (here.length === 0) continue
    const fields =
      said.length === 1 ? `field ${said[0]}` : `fields: [\n  ${said.toReversed().join(',\n  ')}\n]`
    throw new RequestError(
      'unexpected',
      '$.args',
      `Encountered conflicting definitions in the selection set for '${root}' for ${fields}. Fields must not be defined more than once across all sources.`,
      undefined,
      500,
    )
  }
}

/** Functions come to the roots together, and are told in other words. */
function duplicated(fields: string[]): RequestError {
  const message = `found duplicate fields in selection set: ${quotedList(fields.toReversed())}`
  return new RequestError('unexpected', '$.args', message, undefined, 500)
}
