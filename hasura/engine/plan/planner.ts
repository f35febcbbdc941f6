/** What every step of planning is given. */
import type { FragmentDefinitionNode } from 'graphql'
import type { RoleSchema } from '../schema/role-schema.ts'
import type { Budget } from './limits.ts'
import type { Variables } from './variables.ts'

export type Planner = {
  schema: RoleSchema
  variables: Variables
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Whether bigint, numeric and float8 are sent as strings. */
  stringify: boolean
  budget: Budget
  /** Told of each relationship to another source that is asked for. */
  apart(): void
}
