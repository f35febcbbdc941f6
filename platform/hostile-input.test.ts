/**
 * Every field of every operation in the OpenAPI documents, with values that no client of good will sends: what is wrong with a
 * request is told by a 4xx. A 500 is a fault of ours, whatever was sent.
 */
import { createForger } from '@glimmr/dev/forged-tokens'
import { seedFile } from '@glimmr/dev/test-prices'
import { createTestDatabase } from '@glimmr/dev/testing'
import type { Server } from '@glimmr/lib/server'
import t from 'tap'
import { testServices } from './test-services.ts'

const organisation = '00000000-0000-4000-8000-00000000000a'
const scopes = [
  'core:read',
  'media:read',
  'media:write',
  'links:read',
  'links:write',
  'admin',
  'media:events',
  'organisations',
]
const forger = createForger({ claims: { sub: 'key:me', org: organisation, roles: ['partner'], scopes } })
const headers = { authorization: `Bearer ${forger.good()}` }

const db = await createTestDatabase(t)
await db.pool.query("insert into core.organisations (id, name) values ($1, 'Mine')", [organisation])
const { file_id, hospital_id } = await seedFile(db.pool, {
  organisation,
  items: [{ codes: [['70551', 'CPT']], charges: [{ rates: [{ payer: 'Acme', plan: 'PPO', dollar: '1' }] }] }],
})
const apps = await testServices(t, { db, jwks: async () => forger.jwks })

type Schema = {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  minimum?: number
  items?: Schema
  required?: string[]
  properties?: Record<string, Schema>
  oneOf?: Schema[]
  anyOf?: Schema[]
}
type Operation = {
  operationId: string
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

/** What a schema alone does not tell. */
const known: Record<string, unknown> = {
  code: '70551',
  url: 'http://localhost:8080/',
  slug: 'a-slug',
  sha256: 'a'.repeat(64),
  content_type: 'text/csv',
  npi: '1234567890',
  filename: 'a.csv',
  hospital_id,
  from: file_id,
  to: file_id,
  file_id,
}
const ids: Record<string, unknown> = {
  hospitals: hospital_id,
  files: file_id,
  prices: `${file_id * 2 ** 32 + 1}-${file_id * 2 ** 32 + 1}`,
}

function usual(schema: Schema, name = ''): unknown {
  if (known[name] !== undefined) return known[name]
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const [one] = schema.oneOf ?? schema.anyOf ?? []
  if (one) return usual(one, name)
  if (schema.type === 'array') return [usual(schema.items ?? {}, name)]
  if (schema.type === 'object') {
    const fields = (schema.required ?? []).map(field => [
      field,
      usual(schema.properties?.[field] ?? {}, field),
    ])
    return Object.fromEntries(fields)
  }
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1)
  if (schema.type === 'boolean') return true
  if (schema.format === 'uuid') return organisation
  if (schema.format === 'date') return '2030-01-01'
  if (schema.format === 'date-time') return '2030-01-01T00:00:00Z'
  return 'x'
}

const texts = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '%',
    '\\',
    "'",
    '{',
    '[]',
    '漢',
    'x'.repeat(3_000),
    '__proto__',
    'NaN',
    '-1',
    '1.5',
  ],
  ...[
    '1e309',
    '2147483648',
    '9007199254740993',
    '99999999999999999999',
    '0000-01-01',
    '9999-12-31',
    '10000-01-01',
  ],
  ...['2030-01-01T00:00:00+23:59', '9999-12-31T23:59:59-15:59', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
]
const others = [
  null,
  true,
  -1,
  1.5,
  1e308,
  2 ** 31,
  2 ** 53,
  [],
  {},
  [[]],
  ['\0'],
  { a: '\0' },
  Array(600).fill('x'),
]

type Sent = {
  path: Record<string, unknown>
  query: Record<string, unknown>
  header: Record<string, unknown>
  body: unknown
}

/** The usual request, then one for each field and value. */
function* requestsOf(
  url: string,
  { parameters = [], requestBody }: Operation,
): Generator<[name: string, sent: Sent]> {
  const schema = requestBody?.content['application/json']?.schema
  const base: Sent = { path: {}, query: {}, header: {}, body: schema && usual(schema) }
  for (const { name, in: place, required, schema: of } of parameters)
    if (required)
      base[place][name] = name === 'id' ? (ids[url.split('/')[3] ?? ''] ?? usual(of)) : usual(of, name)
  yield ['', base]
  for (const { name, in: place } of parameters)
    for (const value of texts) yield [name, { ...base, [place]: { ...base[place], [name]: value } }]
  if (!schema) return
  for (const value of others) yield ['the body', { ...base, body: value }]
  for (const shape of schema.oneOf ?? schema.anyOf ?? [schema])
    for (const [name, of] of Object.entries(shape.properties ?? {})) {
      const whole = { ...(usual(shape) as object) }
      for (const value of [...texts, ...others]) yield [name, { ...base, body: { ...whole, [name]: value } }]
      if (of.type === 'array')
        for (const value of [...texts, ...others])
          yield [name, { ...base, body: { ...whole, [name]: [value] } }]
    }
}

function send(app: Server, method: string, url: string, { path, query, header, body }: Sent) {
  const target = url.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(path[name]).toWellFormed()),
  )
  const sent = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))
  const odd = Object.entries(header).filter(([, value]) => /^[\x20-\x7e]*$/.test(String(value)))
  return app.inject({
    method: method.toUpperCase() as 'GET',
    url: `${target}?${new URLSearchParams(sent)}`,
    headers: {
      ...headers,
      ...(Object.fromEntries(odd) as Record<string, string>),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  })
}

for (const [service, app] of Object.entries(apps))
  t.test(`${service}: nothing that is sent is a 500`, async t => {
    const document = (await app.inject(`/v1/${service}/openapi.json`)).json()
    let asked = 0
    const faults: string[] = []
    for (const [url, methods] of Object.entries<Record<string, Operation>>(document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        for (const [name, sent] of requestsOf(url, operation)) {
          const { statusCode } = await send(app, method, url, sent)
          asked += 1
          if (statusCode === 500)
            faults.push(`${method} ${url} ${name}: ${JSON.stringify(sent).slice(0, 200)}`)
        }
      }
    t.same(faults, [], `${asked} requests`)
  })
