import { test } from 'tap'
import { exclusionOf, exclusions, isLoose } from './scope.ts'
import type { Step, Vector } from './vectors.ts'

const vector = (given: Partial<Vector>): Vector => ({
  id: 'x',
  area: 'query/basic',
  kind: 'request-response',
  server: {},
  needs: [],
  setup: [],
  metadata: { sources: [] },
  steps: [],
  ...given,
})
const command = (body: unknown, more: Partial<Step> = {}): Step => ({
  request: { method: 'POST', url: '/v1/query', body },
  ...more,
})

test('what a vector is about decides on its being in scope', t => {
  t.equal(exclusionOf(vector({})), undefined)
  t.equal(exclusionOf(vector({ area: 'relay' })), 'relay')
  t.equal(exclusionOf(vector({ area: 'enterprise-only/allowlist' })), 'enterprise')
  t.equal(exclusionOf(vector({ needs: ['postgis'] })), 'postgis')
  t.equal(exclusionOf(vector({ needs: ['jwt', 'auth_webhook_server', 'event_webhook_server'] })), undefined)
  t.end()
})

test('a remote server that runs beside a vector and is not asked does not exclude it', t => {
  const needs = ['remote_graphql_server']
  t.equal(exclusionOf(vector({ needs })), undefined)
  const steps = [command({ type: 'add_remote_schema', args: {} })]
  t.equal(exclusionOf(vector({ needs, steps })), 'remote-schemas')
  t.equal(exclusionOf(vector({ area: 'remote-schema/permissions' })), 'remote-schemas')
  t.end()
})

test('a scenario of constants and statuses is loose, one that compares something is not', t => {
  const kind = 'scenario-loose'
  const constant: Step = { assert: { op: 'const-true' } }
  const status: Step = { assert: { op: 'eq', left: `\${s1.status}`, right: 200 } }
  t.ok(isLoose(vector({ kind, steps: [command({}, { expect: { status: 200 } }), status, constant] })))
  t.notOk(isLoose(vector({ kind, steps: [command({}, { expect: { body: {} } }), constant] })))
  t.notOk(isLoose(vector({ kind, steps: [{ assert: { op: 'eq', left: `\${s1.body}`, right: {} } }] })))
  t.notOk(isLoose(vector({ kind, steps: [constant, { expect_event: {} }] })))
  t.end()
})

test('every exclusion has a reason of its own', t => {
  t.equal(new Set(exclusions.map(({ reason }) => reason)).size, exclusions.length)
  t.ok(exclusions.every(({ reason }) => reason.length > 10))
  t.end()
})
