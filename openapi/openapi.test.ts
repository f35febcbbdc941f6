import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parse } from 'yaml'
import { documentFile, openapiText, services } from './documents.ts'

type Operation = {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  requestBody?: unknown
  parameters?: { name: string; in: string; schema?: unknown }[]
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: unknown }> }>
}
type Document = {
  openapi: string
  servers?: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components?: unknown
}

const ids = new Set<string>()

for (const service of services) {
  const text = await openapiText(service)
  const document: Document = JSON.parse(text)

  t.test(`openapi/${service}.json is what the routes say`, async t => {
    const checkedIn = await readFile(documentFile(service), 'utf8').catch(() => '')
    t.ok(checkedIn === text, 'it differs: run `npm run openapi`, look at what changed, and commit it')
    t.equal(await openapiText(service), text, 'two exports are the same')
  })

  t.test(`every operation of ${service} says what it is, what it takes and what it answers`, async t => {
    t.equal(document.openapi, '3.1.0')
    t.ok(document.servers?.length, 'where it is served')
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    )
    t.ok(operations.length > 0)
    for (const { path, method, operation } of operations) {
      const name = `${method} ${path}`
      t.match(operation.operationId, /^[a-z][A-Za-z]+$/, `${name}: operationId`)
      t.notOk(ids.has(operation.operationId ?? ''), `${name}: operationId is its own`)
      ids.add(operation.operationId ?? '')
      t.ok(operation.summary, `${name}: summary`)
      t.ok(operation.tags?.length, `${name}: tags`)
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])
      const declared = (operation.parameters ?? []).filter(parameter => parameter.in === 'path')
      t.same(
        declared.map(parameter => parameter.name).sort(),
        inPath.sort(),
        `${name}: parameters of the path`,
      )
      const statuses = Object.keys(operation.responses ?? {})
      t.ok(
        statuses.some(status => /^[23]/.test(status)),
        `${name}: what it answers when it works`,
      )
      const problems = Object.entries(operation.responses ?? {}).filter(([status]) => /^[45]/.test(status))
      t.ok(problems.length > 0, `${name}: what it answers when it does not`)
      for (const [status, response] of problems)
        t.ok(
          response.content?.['application/problem+json']?.schema,
          `${name}: ${status} is a problem document`,
        )
      const expected = ['429']
      if (operation.security?.length !== 0) expected.push('401', '403')
      if (operation.requestBody) expected.push('413', '415')
      for (const status of expected) t.ok(statuses.includes(status), `${name}: ${status}`)
    }
  })

  t.test(`every reference in ${service} leads somewhere`, async t => {
    for (const reference of references(document)) {
      const steps = reference.replace(/^#\//, '').split('/')
      const found = steps.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), document)
      t.ok(found, reference)
    }
  })
}

t.test(
  'a browser may send every header that an operation takes, and read those that answers tell of',
  async t => {
    const { http } = parse(
      (await readFile(new URL('../traefik/dynamic/middlewares.yml', import.meta.url), 'utf8')).replaceAll(
        /\{\{.*?\}\}/g,
        '1',
      ),
    )
    const { headers } = http.middlewares.cors
    const lower = (names: string[]) => names.map(name => name.toLowerCase())
    const [sent, read] = [lower(headers.accessControlAllowHeaders), lower(headers.accessControlExposeHeaders)]
    for (const service of services) {
      const text = await openapiText(service)
      const { paths }: Document = JSON.parse(text)
      for (const operation of Object.values(paths).flatMap(item => Object.values(item)))
        for (const { name, in: place } of operation.parameters ?? [])
          if (place === 'header') t.ok(sent.includes(name), `${operation.operationId} takes ${name}`)
      for (const [name] of text.matchAll(/glimmr-[a-z]+(-[a-z0-9]+)?(?=`)/g)) t.ok(read.includes(name), name)
    }
  },
)

t.test('what auth serves under core’s name stands in core’s document', async t => {
  const { paths }: Document = JSON.parse(await openapiText('core'))
  t.match(paths['/v1/core/tokens']?.post, { operationId: 'createToken', responses: { 200: {} } })
})

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
