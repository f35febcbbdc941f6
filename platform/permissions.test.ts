/**
 * Who may what: every route of every OpenAPI document, what the gateway itself serves, and every root field of GraphQL, by
 * role. A route that is not in the table fails, and so does a line without a route.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Role, roles } from '@glimmr/lib/api-keys'
import t from 'tap'
import { testPlatform } from './test-platform.ts'

/** x: may. Everything else is 401 without a key (`open` aside) and 403 with the key of a role that may not. */
const routes = `
                                          open  admin  uploader  partner  viewer  store  operator
GET    /.well-known/jwks.json              x      x       x         x        x       x       x
GET    /l/{slug}                           x      x       x         x        x       x       x
GET    /v1/core/health                     x      x       x         x        x       x       x
GET    /v1/core/openapi.json               x      x       x         x        x       x       x
GET    /v1/media/health                    x      x       x         x        x       x       x
GET    /v1/media/openapi.json              x      x       x         x        x       x       x
GET    /v1/links/health                    x      x       x         x        x       x       x
GET    /v1/links/openapi.json              x      x       x         x        x       x       x
POST   /v1/core/tokens                     .      x       x         x        x       x       x

GET    /v1/core/prices                     .      x       x         x        x       .       x
GET    /v1/core/prices/{id}                .      x       x         x        x       .       x
GET    /v1/core/prices/{id}/proof          .      x       x         x        x       .       x
GET    /v1/core/hospitals                  .      x       x         x        x       .       x
GET    /v1/core/hospitals/{id}             .      x       x         x        x       .       x
GET    /v1/core/hospitals/{id}/diff        .      x       x         x        x       .       x
GET    /v1/core/hospitals/{id}/publications .     x       x         x        x       .       x
POST   /v1/core/hospitals                  .      x       x         .        .       .       .
GET    /v1/core/files                      .      x       x         x        x       .       x
GET    /v1/core/files/{id}                 .      x       x         x        x       .       x
GET    /v1/core/files/{id}/export          .      x       x         x        x       .       x
GET    /v1/core/files/{id}/findings        .      x       x         x        x       .       x
GET    /v1/core/payers                     .      x       x         x        x       .       x
GET    /v1/core/plans                      .      x       x         x        x       .       x
GET    /v1/core/canonical-payers           .      x       x         x        x       .       x
PUT    /v1/core/canonical-payers/{slug}    .      .       .         .        .       .       x
DELETE /v1/core/canonical-payers/{slug}    .      .       .         .        .       .       x
GET    /v1/core/payer-rules                .      x       x         x        x       .       x
POST   /v1/core/payer-rules                .      .       .         .        .       .       x
DELETE /v1/core/payer-rules/{id}           .      .       .         .        .       .       x

GET    /v1/core/organisations/me           .      x       x         x        x       .       x
POST   /v1/core/api-keys                   .      x       .         .        .       .       .
GET    /v1/core/api-keys                   .      x       .         .        .       .       .
GET    /v1/core/api-keys/{id}              .      x       .         .        .       .       .
DELETE /v1/core/api-keys/{id}              .      x       .         .        .       .       .
POST   /v1/core/users                      .      x       .         .        .       .       .
GET    /v1/core/users                      .      x       .         .        .       .       .
GET    /v1/core/users/{id}                 .      x       .         .        .       .       .
PATCH  /v1/core/users/{id}                 .      x       .         .        .       .       .
GET    /v1/core/audit-log                  .      x       .         .        .       .       .
POST   /v1/core/organisations              .      .       .         .        .       .       x
GET    /v1/core/organisations              .      .       .         .        .       .       x
GET    /v1/core/organisations/{id}         .      .       .         .        .       .       x
PATCH  /v1/core/organisations/{id}         .      .       .         .        .       .       x

POST   /v1/media/presign                   .      x       x         .        .       .       .
GET    /v1/media/uploads                   .      x       x         .        .       .       .
POST   /v1/media/uploads                   .      x       x         .        .       .       .
GET    /v1/media/uploads/{id}              .      x       x         .        .       .       .
POST   /v1/media/uploads/{id}/complete     .      x       x         .        .       .       .
GET    /v1/media/uploads/{id}/download     .      x       x         .        .       .       .
GET    /v1/media/uploads/{id}/events       .      x       x         .        .       .       .
POST   /v1/media/store-events              .      x       .         .        .       x       .

POST   /v1/links/graphql                   .      x       x         x        x       .       .
GET    /v1/links/metadata                  .      x       .         .        .       .       .
GET    /v1/links/links                     .      x       x         x        x       .       .
POST   /v1/links/links                     .      x       x         x        .       .       .
DELETE /v1/links/links/{id}                .      x       x         x        .       .       .
`

type Line = { method: string; path: string; may: Set<string> }

function linesOf(table: string): Line[] {
  const [head = '', ...lines] = table.trim().split('\n').filter(Boolean)
  const names = head.trim().split(/\s+/)
  return lines.map(line => {
    const [method = '', path = '', ...cells] = line.trim().split(/\s+/)
    if (cells.length !== names.length || cells.some(cell => cell !== 'x' && cell !== '.'))
      throw new Error(`this line has not ${names.length} cells of x and . : ${line}`)
    return { method, path, may: new Set(names.filter((_, column) => cells[column] === 'x')) }
  })
}

const { start } = testPlatform(t)
const platform = await start({
  samples: false,
  env: { CORE_LIMIT: '10000', MEDIA_LIMIT: '10000', LINKS_LIMIT: '10000' },
})
t.teardown(() => platform.stop())
const { gateway_url: url, keys: given } = platform.file

async function keyOf(role: Role): Promise<string> {
  const answer = await fetch(`${url}/v1/core/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${given.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: role, roles: [role] }),
  })
  return ((await answer.json()) as { key: string }).key
}
const keys = new Map<string, string>()
for (const role of roles) keys.set(role, await keyOf(role))
keys.set('operator+admin', given.admin)

/** A harmless request: ids of nothing, bodies that are not valid. Whoever may, gets past 401 and 403. */
async function statusOf({ method, path }: Line, key: string | undefined): Promise<number> {
  const id = '00000000-0000-4000-8000-00000000dead'
  const answer = await fetch(url + path.replaceAll(/\{\w+\}/g, id), {
    method,
    redirect: 'manual',
    headers: { ...(key && { authorization: `Bearer ${key}` }) },
    ...(['POST', 'PUT', 'PATCH'].includes(method) ? { body: '{"none": true}' } : {}),
  })
  await answer.body?.cancel()
  return answer.status
}

t.test('every route is in the table, and every line of it is a route', async t => {
  const operations: string[] = []
  for (const service of ['core', 'media', 'links']) {
    operations.push(`GET /v1/${service}/health`, `GET /v1/${service}/openapi.json`)
    const document = (await (await fetch(`${url}/v1/${service}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    for (const [path, item] of Object.entries(document.paths))
      for (const method of Object.keys(item)) operations.push(`${method.toUpperCase()} ${path}`)
  }
  operations.push('GET /.well-known/jwks.json')
  t.same(
    linesOf(routes)
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
    operations.sort(),
  )
})

t.test('every router of the route file serves a line of the table', async t => {
  const file = readFileSync(fileURLToPath(new URL('../traefik/dynamic/routers.yml', import.meta.url)), 'utf8')
  const paths = linesOf(routes).map(line => line.path)
  const literals = [...file.matchAll(/Path(?:Prefix)?\(`([^`]+)`\)/g)].map(match => String(match[1]))
  t.ok(literals.length > 10)
  for (const literal of literals)
    t.ok(
      paths.some(path => path.startsWith(literal)),
      literal,
    )
})

for (const line of linesOf(routes))
  t.test(`${line.method} ${line.path}`, async t => {
    const open = line.may.has('open')
    const nobody = await statusOf(line, undefined)
    t.ok(open ? nobody !== 401 && nobody !== 403 : nobody === 401, `without a key: ${nobody}`)
    const forged = await statusOf(line, `glm_aaaaaaaa_${'a'.repeat(43)}`)
    t.ok(open ? forged !== 401 && forged !== 403 : forged === 401, `with a key that nobody has: ${forged}`)
    for (const role of roles) {
      const status = await statusOf(line, keys.get(role))
      if (line.may.has(role)) t.ok(![401, 403, 429, 500].includes(status), `${role} may: ${status}`)
      else t.equal(status, 403, `${role} may not`)
    }
  })

/** Root fields of GraphQL by table and role: l list, p by primary key, a aggregate, s subscription of the list, m mutations. */
const tables = `
                  operator+admin  admin  uploader  partner  viewer
canonical_payers  lpasm           lps    lps       lps      lps
charges           lpasm           lpas   lpas      lpas     lps
file_plans        lpasm           lps    lps       lps      lps
files             lpasm           lpas   lpas      lpas     lps
findings          lpasm           lps    lps       lps      lps
hospitals         lpasm           lps    lps       lps      lps
item_codes        lpasm           lps    lps       lps      lps
items             lpasm           lpas   lpas      lpas     lps
link_clicks       lpasm           las    las       las      ls
links             lpasm           lpas   lpas      lpas     lps
modifiers         lpasm           lps    lps       lps      lps
payers            lpasm           lps    lps       lps      lps
plan_matches      lpasm           lps    lps       lps      lps
plans             lpasm           lps    lps       lps      lps
rates             las             las    las       las      ls
texts             lpasm           lps    lps       lps      lps
`

type Fields = { fields: { name: string }[] } | null
type Roots = { queryType: Fields; mutationType: Fields; subscriptionType: Fields }

async function rootsOf(role: string): Promise<Map<string, Set<string>>> {
  const answer = await fetch(`${url}/v1/links/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.get(role)}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query:
        '{ __schema { queryType { fields { name } } mutationType { fields { name } } subscriptionType { fields { name } } } }',
    }),
  })
  const { __schema: schema } = ((await answer.json()) as { data: { __schema: Roots } }).data
  const names = (fields: Fields) => fields?.fields.map(field => field.name) ?? []
  return new Map([
    ['query', new Set(names(schema.queryType))],
    ['mutation', new Set(names(schema.mutationType))],
    ['subscription', new Set(names(schema.subscriptionType))],
  ])
}

/** The cell of a table in the schema that a role sees; what it takes account of is removed from `roots`. */
function cellOf(table: string, roots: Map<string, Set<string>>): string {
  const query = roots.get('query')
  const mutations = [...(roots.get('mutation') ?? [])].filter(name =>
    new RegExp(`^(?:insert|update|delete)_${table}(?:_one|_by_pk|_many)?$`).test(name),
  )
  const parts: [string, boolean][] = [
    ['l', query?.delete(table) ?? false],
    ['p', query?.delete(`${table}_by_pk`) ?? false],
    ['a', query?.delete(`${table}_aggregate`) ?? false],
    ['s', roots.get('subscription')?.has(table) ?? false],
    ['m', mutations.length > 0],
  ]
  for (const name of mutations) roots.get('mutation')?.delete(name)
  return parts.flatMap(([letter, is]) => (is ? [letter] : [])).join('')
}

t.test('GraphQL: who sees which root fields', async t => {
  const [head = '', ...lines] = tables.trim().split('\n')
  for (const [column, role] of head.trim().split(/\s+/).entries()) {
    const roots = await rootsOf(role)
    for (const line of lines) {
      const [table = '', ...cells] = line.trim().split(/\s+/)
      t.equal(cellOf(table, roots), cells[column], `${role} ${table}`)
    }
    t.same([...(roots.get('query') ?? [])], [], `${role}: every root field of queries is in the table`)
    t.same([...(roots.get('mutation') ?? [])], [], `${role}: and of mutations`)
  }
})
