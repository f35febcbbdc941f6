/** No way leads to what a role may not see. */
import { type GraphQLObjectType, getNamedType, isObjectType, validateSchema } from 'graphql'
import t, { test } from 'tap'
import { ask, organisations, schemaOf, secret, session, setUp, statuses } from './test-metadata.ts'

const engine = await setUp(t)

/** Everything a type shows, relationships followed to a depth. */
function selectAll(type: GraphQLObjectType, depth: number): string {
  const fields = Object.values(type.getFields()).flatMap(field => {
    const inner = getNamedType(field.type)
    if (!isObjectType(inner)) return field.name
    return depth > 0 ? `${field.name} { ${selectAll(inner, depth - 1)} }` : []
  })
  return ['__typename', ...fields].join(' ')
}

test('the whole metadata is consistent with the migrated database', async t => {
  t.same(engine.inconsistencies(), [])
})

test('every role gets a valid schema from the introspection query with all options', async t => {
  for (const role of ['admin', 'partner', 'uploader', 'viewer'])
    t.same(validateSchema(await schemaOf(engine, role)), [], role)
})

test('whatever a role may select, no way leads to a file that is not published', async t => {
  for (const role of ['partner', 'uploader', 'viewer']) {
    const fields = Object.values((await schemaOf(engine, role)).getQueryType()?.getFields() ?? {})
    let seen = 0
    for (const field of fields) {
      const type = getNamedType(field.type)
      if (!isObjectType(type) || field.name.endsWith('_by_pk')) continue
      const answer = await ask(engine, session(role), `{ ${field.name} { ${selectAll(type, 2)} } }`)
      t.same(answer.errors, undefined, `${role} ${field.name}`)
      const text = JSON.stringify(answer)
      if (text.includes('content of a published file')) seen += 1
      for (const status of secret)
        t.notMatch(text, `content of a ${status} file`, `${role} ${field.name} ${status}`)
    }
    t.ok(seen >= 10, `${role} sees the published file in ${seen} root fields`)
  }
})

test('a row of another status is not found by its key, by a where, by an order or by a count', async t => {
  for (const role of ['partner', 'viewer']) {
    const found = async (query: string) => (await ask(engine, session(role), query)).data
    for (let file = 1; file <= 5; file += 1) {
      const id = file * 2 ** 32 + file
      const { rates, ...rows } =
        (await found(`{ files_by_pk(id: ${file}) { id } rates(where: { id: { _eq: "${id}" } }) { id } items_by_pk(id: "${id}") { id }
        payers_by_pk(id: ${file}) { id } plans_by_pk(id: ${file}) { id } texts_by_pk(id: "${id}") { id } }`)) ??
        {}
      for (const row of Object.values(rows)) t.equal(row !== null, file === 1, `${role} file ${file}`)
      t.same(rates, file === 1 ? [{ id }] : [], `${role} file ${file}`)
    }
    for (const status of secret) {
      const text = JSON.stringify(`content of a ${status} file`)
      t.same(
        await found(`{
          by_file: rates(where: { file: { status: { _eq: "${status}" } } }) { id }
          not_published: rates(where: { file: { status: { _neq: "published" } } }) { id }
          by_item: rates(where: { charge: { item: { description: { _eq: ${text} } } } }) { id }
          by_payer: rates(where: { payer: { name: { _eq: ${text} } } }) { id }
          by_match: plan_matches(where: { plan: { name: { _eq: ${text} } } }) { plan_id }
          payers(where: { rates: { methodology: { _eq: ${text} } } }) { id }
          hospitals(where: { files: { items: { description: { _eq: ${text} } } } }) { id }
          not: items(where: { _not: { file: {} } }) { id }
        }`),
        {
          by_file: [],
          not_published: [],
          by_item: [],
          by_payer: [],
          by_match: [],
          payers: [],
          hospitals: [],
          not: [],
        },
        `${role} ${status}`,
      )
    }
    const ordered = await found(
      `{ rates(order_by: [{ charge: { item: { description: desc } } }, { negotiated_dollar: desc }]) { file_id } }`,
    )
    t.same(ordered, { rates: [{ file_id: 1 }] })
  }
})

test('an uploader also sees all files of its own organisation, and only of that', async t => {
  const query =
    '{ files(order_by: { id: asc }) { status hospital { name } } rates_aggregate { aggregate { count } } payers { id } }'
  const own = await ask(engine, session('uploader', organisations[1]), query)
  t.same(
    own.data?.files,
    statuses.map(status => ({ status, hospital: { name: `content of a ${status} file` } })),
  )
  t.match(own.data, { rates_aggregate: { aggregate: { count: 5 } } })
  const other = await ask(engine, session('uploader', organisations[0]), query)
  t.same(other.data?.files, [{ status: 'published', hospital: { name: 'content of a published file' } }])
  t.match(other.data, { rates_aggregate: { aggregate: { count: 1 } }, payers: [{ id: 1 }] })
})

test('links and their clicks stay within the organisation, and who clicked with nobody', async t => {
  for (const role of ['partner', 'uploader', 'viewer'])
    for (const [index, organisation] of organisations.entries()) {
      const { data } = await ask(
        engine,
        session(role, organisation),
        '{ links { slug clicks { clicks } } link_clicks { link { slug } clicks } }',
      )
      const slug = `slug-${index + 1}`
      t.same(
        data,
        { links: [{ slug, clicks: [{ clicks: 3 }] }], link_clicks: [{ link: { slug }, clicks: 3 }] },
        `${role} ${slug}`,
      )
    }
  const hash = await ask(engine, session('partner'), '{ link_clicks { visitor } }')
  t.match(hash, { errors: [{ message: "field 'visitor' not found in type: 'link_clicks'" }] })
  const nobody = await ask(engine, { role: 'partner', vars: {} }, '{ links { slug } }')
  t.match(nobody, {
    errors: [{ extensions: { code: 'not-found' }, message: 'missing session variable: "x-hasura-org-id"' }],
  })
})
