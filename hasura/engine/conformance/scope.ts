/**
 * Which recorded vectors this engine declares to be its own. What is out of scope is so by what a vector is about, never by
 * its name and never because it fails: many of the excluded pass. Every row of the table answers with a clear error
 * (`../out-of-scope.test.ts`) and stands in ../README.md.
 */
import type { Step, Vector } from './vectors.ts'

export type Exclusion = { name: string; reason: string; holds(vector: Vector): boolean }

export const exclusions: Exclusion[] = [
  {
    name: 'remote-schemas',
    reason: 'another GraphQL server is needed: its schema is stitched in, stored, or asked',
    holds: vector =>
      vector.area.startsWith('remote-schema') ||
      vector.area === 'enterprise-only/remote-schema-permissions' ||
      (vector.needs.some(need => need.startsWith('remote_graphql')) && names(vector, remote)),
  },
  { name: 'relay', reason: 'the schema of Relay', holds: ({ area }) => area === 'relay' },
  {
    name: 'apollo-federation',
    reason: 'this server is no subgraph of an Apollo gateway',
    holds: ({ area }) => area === 'apollo-federation',
  },
  {
    name: 'postgis',
    reason: 'PostGIS is not among the extensions that Postgres comes with',
    holds: ({ needs }) => needs.includes('postgis'),
  },
  {
    name: 'enterprise',
    reason: 'suites of the paid edition',
    holds: ({ area, needs }) => area.startsWith('enterprise-only') || needs.includes('enterprise'),
  },
]

export function exclusionOf(vector: Vector): string | undefined {
  return exclusions.find(({ holds }) => holds(vector))?.name
}

const remote = /remote_schema|REMOTE_SCHEMAS_WEBHOOK_DOMAIN|GRAPHQL_SERVICE_HANDLER|graphql_service\b/

/** Whole classes of the recordings start a remote server that most of their vectors never ask. */
function names({ metadata, steps }: Vector, what: RegExp): boolean {
  return what.test(JSON.stringify([metadata, steps]))
}

/**
 * Whether the recording could not express what was asserted: constants stand for it (`const-true`), and nothing but a
 * status is compared. Such a vector passes by little more than answering, so it is counted apart.
 */
export function isLoose({ kind, steps }: Vector): boolean {
  return kind === 'scenario-loose' && !steps.some(comparesSomething)
}

function comparesSomething(step: Step): boolean {
  const { expect = {}, assert } = step
  if (expect.body !== undefined || expect.any_of !== undefined) return true
  if (assert?.op === 'eq') return !/\.status\}$/.test(String(assert.left))
  const told = ['expect_event', 'expect_event_transformed', 'webhook_receive', 'end_expect_raises']
  return told.some(key => key in step) || step.ws === 'expect' || step.ws === 'next'
}
