/** A value of a request as JSON, for those whom it is told to: actions, webhooks that validate. */
import { type Input, toJson } from './input.ts'
import type { Planner } from './planner.ts'
import { variableInput } from './variables.ts'

/** Variables are replaced by what they hold; their values are part of the plan's key. */
export function inputJson({ variables }: Planner, input: Input): unknown {
  return toJson(input, name => {
    variables.structural.add(name)
    const given = variableInput(variables, name)
    return given ? toJson(given, () => null) : null
  })
}
