/** Shared schemas in OpenAPI documents. */
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod'

type Transform = typeof jsonSchemaTransformObject

/**
 * As jsonSchemaTransformObject, with only the schemas that the document refers to. zod's registry is one for the process,
 * so without this a document would hold the schemas of every service that happens to run beside it.
 */
export const referencedComponents: Transform = input => {
  const document = jsonSchemaTransformObject(input)
  if (!('components' in document) || !document.components?.schemas) return document
  const { components, paths } = document
  const { schemas = {} } = components
  const used = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const inner of value) visit(inner)
      return
    }
    if (typeof value !== 'object' || value === null) return
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
  const kept = Object.entries(schemas)
    .filter(([name]) => used.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(kept) },
  } as typeof document
}
