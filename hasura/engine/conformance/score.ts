/** Vectors that answer data and vectors that answer errors are counted apart, and so is what is in scope. */
import type { Outcome } from './run-vector.ts'

export type Score = {
  total: number
  passed: number
  data: { total: number; passed: number }
  errors: { total: number; exact: number; code_path: number }
  /** What this engine declares to be its own and the recordings say something about (scope.ts). */
  scope: Part
  /** In scope, and the recording asserts constants only: passing them proves little. */
  loose: Part
  /** Out of scope, by the names in scope.ts. */
  excluded: Record<string, Part>
  areas: Record<string, Part>
}
type Part = { total: number; passed: number }

export function scoreOf(outcomes: Outcome[]): Score {
  const errors = outcomes.filter(outcome => outcome.errors)
  const data = outcomes.filter(outcome => !outcome.errors)
  const passed = (group: Outcome[]) => group.filter(({ verdict }) => verdict === 'passed').length
  const part = (group: Outcome[]) => ({ total: group.length, passed: passed(group) })
  const parts = (of: Outcome[], by: (outcome: Outcome) => string) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(of, by)).map(([name, group = []]) => [name, part(group)]),
    )
  const inScope = outcomes.filter(({ excluded }) => excluded === undefined)
  return {
    total: outcomes.length,
    passed: passed(outcomes),
    data: part(data),
    errors: {
      total: errors.length,
      exact: passed(errors),
      code_path: errors.filter(({ verdict }) => verdict !== 'failed').length,
    },
    scope: part(inScope.filter(({ loose }) => !loose)),
    loose: part(inScope.filter(({ loose }) => loose)),
    excluded: parts(
      outcomes.filter(({ excluded }) => excluded !== undefined),
      ({ excluded }) => excluded ?? '',
    ),
    areas: parts(outcomes, ({ area }) => area),
  }
}
