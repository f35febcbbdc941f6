import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { buildClientSchema, getIntrospectionQuery } from 'graphql'
import { test } from 'tap'
import { createEngine, type Session } from './engine.ts'
import { errorBody, RequestError } from './errors.ts'
import { type Fuzzed, fuzzDocument, marker, markerNumber, randomOf } from './fuzz-documents.ts'
import type { Metadata } from './metadata-types.ts'

const golden = join(import.meta.dirname, 'golden')
const sessions: Session[] = [
  { role: 'admin', vars: {} },
  { role: 'listener', vars: { 'x-hasura-artist-id': `1'${marker}` } },
  { role: 'press', vars: { 'x-hasura-name': `"${marker}'; --` } },
]
const numbers = new RegExp(`${String(markerNumber).slice(0, 3)}\\d{4}`)

test('no input reaches the text of a statement, whatever is asked, by whomever', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(await readFile(join(golden, 'schema.sql'), 'utf8'))
  const metadata: Metadata = JSON.parse(await readFile(join(golden, 'metadata.json'), 'utf8'))
  const engine = await createEngine({
    metadata,
    pools: { default: pool },
    limits: { depth: 50, nodes: 10_000 },
  })
  const random = randomOf(20_260_101)
  const seen = { printed: 0, refused: 0, run: 0, answered: 0 }
  for (const session of sessions) {
    const { body } = await engine.graphql({ body: { query: getIntrospectionQuery() }, session })
    const schema = buildClientSchema(JSON.parse(body).data)
    const operations = (['query', 'subscription', 'mutation'] as const).filter(
      name => name !== 'mutation' || schema.getMutationType(),
    )
    for (let round = 0; round < 500; round++) {
      const request = fuzzDocument(schema, operations[round % operations.length] ?? 'query', random)
      const statements = explained(request, session)
      if (!statements) {
        seen.refused += 1
        continue
      }
      seen.printed += 1
      for (const { sql } of statements)
        if (sql.includes(marker) || numbers.test(sql)) t.fail('input within SQL', { request, sql })
      if (round % 5 > 0) continue
      seen.run += 1
      const body = await ran(request, session)
      if (body.startsWith('{"data"')) seen.answered += 1
      // A syntax error, or a name that does not exist: the statement is not what it was meant to be.
      if (/"status_code":"42/.test(body)) t.fail('a broken statement', { request, body })
    }
  }
  t.comment(JSON.stringify(seen))
  t.ok(seen.printed > 1_000, `${seen.printed} documents were printed`)
  t.ok(seen.answered > 100, `${seen.run} were run, ${seen.answered} answered`)
  const after = await pool.query('select count(*) from music.artist')
  t.ok(after.rows.length === 1, 'the tables are still there')

  /** Subscriptions are planned by Postgres; everything else is run. */
  async function ran(request: Fuzzed, session: Session): Promise<string> {
    if (!request.query.startsWith('subscription'))
      return (await engine.graphql({ body: request, session })).body
    const planned = engine.explainPlans({ body: request, session })
    return planned.then(
      () => '{"data"',
      (cause: unknown) => (cause instanceof RequestError ? errorBody(cause, true) : String(cause)),
    )
  }
  function explained(request: object, session: Session) {
    try {
      return engine.explain({ body: request, session })
    } catch (cause) {
      if (cause instanceof RequestError) return undefined
      throw cause
    }
  }
})
