/**
 * Stage 1: a metadata folder (v3, as the Hasura CLI writes it) → one metadata object, like the metadata API exports.
 *
 * Source: https://hasura.io/docs/2.0/migrations-metadata-seeds/metadata-format/
 */
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve, sep } from 'node:path'
import { parse } from 'yaml'
import type { Inconsistency, Metadata, SourceMetadata } from './metadata-types.ts'

/** Files of the folder → key of the exported object. A missing file is an empty part. */
const parts = [
  ['actions.yaml', undefined],
  ['allow_list.yaml', 'allowlist'],
  ['query_collections.yaml', 'query_collections'],
  ['rest_endpoints.yaml', 'rest_endpoints'],
  ['cron_triggers.yaml', 'cron_triggers'],
  ['inherited_roles.yaml', 'inherited_roles'],
  ['remote_schemas.yaml', 'remote_schemas'],
  ['api_limits.yaml', 'api_limits'],
  ['graphql_schema_introspection.yaml', 'graphql_schema_introspection'],
  ['network.yaml', 'network'],
] as const

/** A deeper nest of includes than this is a cycle. */
const includeDepth = 20

export async function readMetadata(
  folder: string,
): Promise<{ metadata: Metadata; inconsistencies: Inconsistency[] }> {
  const root = resolve(folder)
  const inconsistencies: Inconsistency[] = []
  const read = (file: string) =>
    readYaml(root, join(root, file), 0).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT' || cause.path !== join(root, file))
        inconsistencies.push({ type: 'file', name: file, reason: cause.message })
      return undefined
    })
  const metadata: Metadata = { version: 3, sources: [] }
  metadata.sources = sourcesOf(await read('databases/databases.yaml'), inconsistencies)
  for (const [file, key] of parts) {
    const content = await read(file)
    if (content === undefined || content === null) continue
    if (key) Object.assign(metadata, { [key]: content })
    else Object.assign(metadata, content)
  }
  return { metadata, inconsistencies }
}

function sourcesOf(content: unknown, inconsistencies: Inconsistency[]): SourceMetadata[] {
  if (content === undefined || content === null) return []
  const isSource = (value: unknown): value is SourceMetadata =>
    typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
  if (Array.isArray(content) && content.every(isSource)) return content
  const reason = 'expected a list of sources, each with a name'
  inconsistencies.push({ type: 'file', name: 'databases/databases.yaml', reason })
  return []
}

async function readYaml(root: string, file: string, depth: number): Promise<unknown> {
  if (depth > includeDepth) throw new Error(`${file}: includes are nested deeper than ${includeDepth}`)
  const text = await readFile(file, 'utf8')
  const include = (target: string) => ({ include: resolve(dirname(file), target) })
  const tag = { tag: '!include', resolve: (target: string) => new Include(include(target).include) }
  const content: unknown = parse(text, { customTags: [tag] })
  return expand(root, file, content, depth)
}

/** Stands in the parsed document where another file belongs. */
class Include {
  readonly file: string
  constructor(file: string) {
    this.file = file
  }
}

/** `!include` comes as a YAML tag and as a string that starts with it, which is what the CLI writes. */
async function expand(root: string, file: string, value: unknown, depth: number): Promise<unknown> {
  if (value instanceof Include) return included(root, value.file, depth)
  if (typeof value === 'string' && value.startsWith('!include '))
    return included(root, resolve(dirname(file), value.slice('!include '.length).trim()), depth)
  if (Array.isArray(value)) return Promise.all(value.map(item => expand(root, file, item, depth)))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, item]) => [
    key,
    await expand(root, file, item, depth),
  ])
  return Object.fromEntries(await Promise.all(entries))
}

async function included(root: string, target: string, depth: number): Promise<unknown> {
  if (!target.startsWith(root + sep)) throw new Error(`${target} is outside of the metadata folder`)
  const yaml = ['.yaml', '.yml'].includes(extname(target))
  return yaml ? readYaml(root, target, depth + 1) : readFile(target, 'utf8')
}
