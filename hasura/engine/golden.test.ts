/**
 * Each folder of golden/ is one query: query.graphql, session.json (and variables.json) → query.sql → result.json.
 * `UPDATE_GOLDEN=1 node hasura/engine/golden.test.ts` writes them anew; read the difference before you commit it.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import t, { type Test, test } from 'tap'
import { createEngine, type Engine, type Session } from './engine.ts'
import { defaultNaming, rootFieldName, rootFieldNames } from './model/naming.ts'
import { operators } from './print/expression.ts'

const root = join(import.meta.dirname, 'golden')
const update = process.env.UPDATE_GOLDEN === '1'

const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'))

/** A line for each clause, indented by its depth; Postgres does not mind, and people can read it. */
function readable(sql: string): string {
  let text = ''
  let depth = 0
  for (const [word] of sql.matchAll(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|\s+is distinct from\b|\s+(?:from|where|order by|limit|offset|returning|values|set|on conflict)\b|[^'"()\s]+|\s+/g,
  )) {
    if (word === '(') depth += 1
    if (word === ')') depth -= 1
    text += /^\s+(?!is )[a-z]/.test(word) ? `\n${'  '.repeat(depth)}${word.trim()}` : word
  }
  return text
}

/** The first answer, for a subscription. */
async function answerOf(
  engine: Engine,
  call: { body: { query: string; variables: object }; session: Session },
): Promise<string> {
  if (!call.body.query.startsWith('subscription')) return (await engine.graphql(call)).body
  const first = Promise.withResolvers<string>()
  const end = engine.subscribe(call, {
    next: first.resolve,
    failed: first.reject,
    ended: () => first.reject(new Error('it ended')),
    ready: () => true,
  })
  return first.promise.finally(() => end?.())
}

const names = (await readdir(root, { withFileTypes: true }))
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)

async function setUp(t: Test): Promise<Engine> {
  const database = await createTestDatabase(t)
  await database.pool.query(await readFile(join(root, 'schema.sql'), 'utf8'))
  const metadata = await json(join(root, 'metadata.json'))
  const engine = await createEngine({
    metadata,
    pools: { default: database.pool },
    stringifyNumericTypes: true,
  })
  t.teardown(() => engine.close())
  t.same(engine.inconsistencies(), [])
  return engine
}

/** For what only reads; each mutation has a database of its own. */
const reading = await setUp(t)

for (const name of names) {
  test(`golden: ${name}`, async t => {
    const folder = join(root, name)
    const session: Session = await json(join(folder, 'session.json'))
    const query = await readFile(join(folder, 'query.graphql'), 'utf8')
    const engine = query.startsWith('mutation') ? await setUp(t) : reading
    const variables = await json(join(folder, 'variables.json')).catch(() => ({}))
    const sql = engine
      .explain({ body: { query, variables }, session })
      .map(each => `${readable(each.sql)};\n`)
      .join('\n')
    const body = await answerOf(engine, { body: { query, variables }, session })
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

test('every operator and every kind of root field stands in a golden folder', async t => {
  const texts = await Promise.all(names.map(name => readFile(join(root, name, 'query.graphql'), 'utf8')))
  const words = new Set(texts.join('\n').match(/\w+/g))
  t.same(
    Object.keys(operators).filter(operator => operator.startsWith('_') && !words.has(operator)),
    [],
  )
  const tables = ['artists', 'albums', 'tracks', 'samples']
  const named = (as: (typeof rootFieldNames)[number]) =>
    tables.some(table => words.has(rootFieldName(defaultNaming, as, table)))
  t.same(
    rootFieldNames.filter(as => !named(as)),
    [],
  )
  const told = await readFile(join(root, 'README.md'), 'utf8')
  t.same(
    names.filter(name => !told.includes(`\`${name}\``)),
    [],
    'the table of golden/README.md names every folder',
  )
})
