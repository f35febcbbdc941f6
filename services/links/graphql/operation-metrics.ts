/** What GraphQL operations cost, by name: HTTP metrics see one route only. */
import { createTimer, type Metrics } from '@glimmr/lib/metrics'

export type OperationLabels = { name: string; type: string; role: string; status: 'ok' | 'error' }

const maxNames = 200

/** `observe(labels, seconds)`. Names come from callers: after two hundred of them, others are counted as `other`. */
export function createOperationMetrics(metrics: Metrics): (labels: OperationLabels, seconds: number) => void {
  const names = new Set<string>()
  const timer = createTimer(metrics, {
    name: 'graphql_operation_duration_seconds',
    help: 'Time to answer a GraphQL operation, by the name that its sender gave it',
    labelNames: ['name', 'type', 'role', 'status'],
  })
  return (labels, seconds) => {
    if (names.size < maxNames) names.add(labels.name)
    timer.observe({ ...labels, name: names.has(labels.name) ? labels.name : 'other' }, seconds)
  }
}
