/**
 * Each folder of golden/ is one query: query.graphql, session.json (and variables.json) → query.sql → result.json.
 * `UPDATE_GOLDEN=1 node hasura/engine/golden.test.ts` writes them anew; read the difference before you commit it.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { createEngine, type Session } from './engine.ts'

const root = join(import.meta.dirname, 'golden')
const update = process.env.UPDATE_GOLDEN === '1'

const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'))

/** A line for each clause, indented by its depth; Postgres does not mind, and people can read it. */
function readable(sql: string): string {
  let text = ''
  let depth = 0
  for (const [word] of sql.matchAll(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|\s+(?:from|where|order by|limit|offset|returning|values|set|on conflict)\b|[^'"()\s]+|\s+/g,
  )) {
    if (word === '(') depth += 1
    if (word === ')') depth -= 1
    text += /^\s+[a-z]/.test(word) ? `\n${'  '.repeat(depth)}${word.trim()}` : word
  }
  return text
}

for (const name of (await readdir(root, { withFileTypes: true }))
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)) {
  test(`golden: ${name}`, async t => {
    const database = await createTestDatabase(t)
    await database.pool.query(await readFile(join(root, 'schema.sql'), 'utf8'))
    const metadata = await json(join(root, 'metadata.json'))
    const engine = await createEngine({
      metadata,
      pools: { default: database.pool },
      stringifyNumericTypes: true,
    })
    t.same(engine.inconsistencies(), [])
    const folder = join(root, name)
    const session: Session = await json(join(folder, 'session.json'))
    const query = await readFile(join(folder, 'query.graphql'), 'utf8')
    const variables = await json(join(folder, 'variables.json')).catch(() => ({}))
    const sql = engine
      .explain({ body: { query, variables }, session })
      .map(each => `${readable(each.sql)};\n`)
      .join('\n')
    const { body } = await engine.graphql({ body: { query, variables }, session })
    const result = `${JSON.stringify(JSON.parse(body), null, 2)}\n`
    if (update)
      await Promise.all([
        writeFile(join(folder, 'query.sql'), sql),
        writeFile(join(folder, 'result.json'), result),
      ])
    t.equal(sql, await readFile(join(folder, 'query.sql'), 'utf8'), 'the SQL is what it was')
    t.equal(result, await readFile(join(folder, 'result.json'), 'utf8'), 'Postgres answers what it did')
  })
}
