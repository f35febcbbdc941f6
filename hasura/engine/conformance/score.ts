/** Vectors that answer data and vectors that answer errors are counted apart. */
import type { Outcome } from './run-vector.ts'

export type Score = {
  total: number
  passed: number
  data: { total: number; passed: number }
  errors: { total: number; exact: number; code_path: number }
  areas: Record<string, { total: number; passed: number }>
}

export function scoreOf(outcomes: Outcome[]): Score {
  const errors = outcomes.filter(outcome => outcome.errors)
  const data = outcomes.filter(outcome => !outcome.errors)
  const passed = (group: Outcome[]) => group.filter(({ verdict }) => verdict === 'passed').length
  const areas: Score['areas'] = {}
  for (const [area, group = []] of Object.entries(Object.groupBy(outcomes, outcome => outcome.area)))
    areas[area] = { total: group.length, passed: passed(group) }
  return {
    total: outcomes.length,
    passed: passed(outcomes),
    data: { total: data.length, passed: passed(data) },
    errors: {
      total: errors.length,
      exact: passed(errors),
      code_path: errors.filter(({ verdict }) => verdict !== 'failed').length,
    },
    areas,
  }
}
