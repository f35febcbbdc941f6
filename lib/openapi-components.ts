/** What every OpenAPI document has in common: shared schemas, and the answers that no route gives itself. */
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { meanings } from './problem-schema.ts'

type Transform = typeof jsonSchemaTransformObject

/** Where the operations are served: beside the document, and by `make start`. */
export const servers = [
  { url: '/', description: 'The gateway that this document came from' },
  { url: 'http://127.0.0.1:8080', description: 'make start' },
]

/**
 * As jsonSchemaTransformObject, with only the schemas that the document refers to, and with the refusals of the gateway and
 * of the server itself. zod's registry is one for the process, so without this a document would hold the schemas of every
 * service that happens to run beside it.
 */
export const completeDocument: Transform = input => {
  const document = jsonSchemaTransformObject(input)
  if (!('components' in document) || !document.components?.schemas) return document
  const { schemas = {} } = document.components
  const paths = withRefusals(document.paths ?? {})
  const used = referenced(paths, schemas)
  const kept = Object.entries(schemas)
    .filter(([name]) => used.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...document,
    paths,
    components: { ...document.components, schemas: Object.fromEntries(kept) },
  } as typeof document
}

function referenced(paths: unknown, schemas: Record<string, unknown>): Set<string> {
  const used = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const inner of value) visit(inner)
      return
    }
    if (!isObject(value)) return
    for (const [key, inner] of Object.entries(value)) {
      const name = key === '$ref' ? /^#\/components\/schemas\/(.+)$/.exec(String(inner))?.[1] : undefined
      if (name === undefined) visit(inner)
      else if (!used.has(name)) {
        used.add(name)
        visit(schemas[name])
      }
    }
  }
  visit(paths)
  return used
}

/** Limits hold for every operation; a body may be too large or of another type; a key may be missing or not do. */
function withRefusals(paths: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(isObject(item) ? item : {}).map(([method, operation]) => [
          method,
          isObject(operation) ? completed(operation) : operation,
        ]),
      ),
    ]),
  )
}

function completed(operation: Record<string, unknown>): Record<string, unknown> {
  const open = Array.isArray(operation.security) && operation.security.length === 0
  const statuses = [
    ...(open ? [] : ([401, 403] as const)),
    ...(operation.requestBody ? ([413, 415] as const) : []),
    429 as const,
  ]
  const given = isObject(operation.responses) ? operation.responses : {}
  const responses = { ...Object.fromEntries(statuses.map(status => [status, refusal(status)])), ...given }
  if ('429' in responses) responses[429] = refusal(429)
  return { ...operation, responses }
}

function refusal(status: 401 | 403 | 413 | 415 | 429) {
  const seconds = { description: 'Seconds', schema: { type: 'integer' } }
  return {
    description: meanings[status],
    ...(status === 429 && { headers: { 'Retry-After': seconds } }),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
