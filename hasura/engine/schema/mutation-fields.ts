/** Root fields that write. */
import type { RootTarget } from '../model.ts'
import type { Maker } from './maker.ts'
import { functionField } from './select-fields.ts'
import type { Field } from './types.ts'

export function mutationField(maker: Maker, name: string, target: RootTarget): Field | undefined {
  if (target.is === 'function') return functionField(maker, name, target.fn, target.as)
  return undefined
}
