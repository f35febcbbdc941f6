/** Small documents that stand for much work: each is answered or refused at once. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { getIntrospectionQuery } from 'graphql'
import t from 'tap'
import { createEngine, type Session } from './engine.ts'

const golden = join(import.meta.dirname, 'golden')
const { pool } = await createTestDatabase(t)
await pool.query(await readFile(join(golden, 'schema.sql'), 'utf8'))
const metadata = JSON.parse(await readFile(join(golden, 'metadata.json'), 'utf8'))
const engine = await createEngine({ metadata, pools: { default: pool } })
t.teardown(() => engine.close())

const admin: Session = { role: 'admin', vars: {} }
const listener: Session = { role: 'listener', vars: { 'x-hasura-artist-id': '1' } }

async function ask(query: string, session = listener) {
  const began = performance.now()
  const answer = JSON.parse((await engine.graphql({ body: { query }, session })).body)
  return { ...answer, ms: performance.now() - began }
}

/** `f0` spreads `f1` twice, that `f2` twice, …: two to the power of `depth` fields, were each opened anew. */
function doubling(depth: number, on: string, inner: string): string {
  const fragments = Array.from(
    { length: depth },
    (_, n) => `fragment f${n} on ${on} { ...f${n + 1} ...f${n + 1} }`,
  )
  return `${fragments.join(' ')} fragment f${depth} on ${on} { ${inner} }`
}

t.test('a fragment that is spread twice in one place is opened once', async t => {
  for (const session of [admin, listener]) {
    const { data, ms } = await ask(`{ ...f0 } ${doubling(60, 'query_root', 'albums { id }')}`, session)
    t.equal(data.albums.length > 0, true)
    t.ok(ms < 2_000, `${Math.round(ms)} ms`)
    const nested = await ask(`{ albums { ...f0 } } ${doubling(60, 'albums', 'id title')}`, session)
    t.notOk(nested.errors)
    const types = await ask(
      `{ __schema { types { ...f0 } } } ${doubling(60, '__Type', 'name fields { name }')}`,
      session,
    )
    t.ok(types.data.__schema.types.length > 10)
    t.ok(nested.ms + types.ms < 4_000)
  }
})

t.test('a chain of fragments with fragments inside is refused before it is walked', async t => {
  const inside = 30
  const links = Array.from(
    { length: 40 },
    (_, n) =>
      `fragment f${n} on query_root { ${'...{ '.repeat(inside)} ...f${n + 1} ${'} '.repeat(inside)} }`,
  )
  const chain = `${links.join(' ')} fragment f40 on query_root { albums { id } }`
  const tooDeep = [{ message: /nesting of selections exceeds the limit of 500/ }]
  for (const session of [listener, admin]) {
    t.match((await ask(`{ ...f0 } ${chain}`, session)).errors, tooDeep)
    // Each half was seen where it does not nest too deep by itself.
    t.match(
      (await ask(`{ ...f20 ...f10 ${'...{ '.repeat(400)} ...f35 ${'} '.repeat(400)} } ${chain}`, session))
        .errors,
      tooDeep,
    )
  }
  t.notOk((await ask(`{ ...f30 } ${chain}`)).errors, 'three hundred do no harm')
})

t.test('what repeats under many aliases is counted where it is looked at', async t => {
  const many = Array.from({ length: 2_000 }, () => 'id').join(' ')
  const albums = Array.from({ length: 40 }, (_, n) => `a${n}: albums { ...many }`).join(' ')
  const { errors } = await ask(`{ ${albums} } fragment many on albums { ${many} }`)
  t.match(errors, [{ message: /number of selections exceeds the limit of 50000/ }])
})

t.test('introspection answers its tools, and is bounded for those who ask it a thousand times', async t => {
  t.notOk((await ask(getIntrospectionQuery())).errors)
  const aliases = Array.from(
    { length: 400 },
    (_, n) => `a${n}: fields { type { name fields { type { name } } } }`,
  )
  const query = `{ __schema { types { ${aliases.join(' ')} } } }`
  t.match((await ask(query)).errors, [{ message: /number of fields exceeds the limit of 1000/ }])
  t.notOk((await ask(query, admin)).errors, 'admin is not bound')
  const some = `{ types { ${aliases.slice(0, 30).join(' ')} } }`
  const often = Array.from({ length: 40 }, (_, n) => `s${n}: __schema ${some}`)
  const { errors } = await ask(`{ ${often.join(' ')} }`)
  t.match(errors, [{ message: /asks for too much of the schema/ }], 'all of a request together')
})
