/**
 * The inverse of metadata.ts: one metadata object → the files of a folder, as the Hasura CLI exports them.
 *
 *   for (const [name, text] of metadataFiles(engine.metadata())) await writeFile(join(folder, name), text)
 */
import { stringify } from 'yaml'
import type { Metadata, QualifiedName, SourceMetadata } from './metadata-types.ts'
import { qualified } from './model/building.ts'

/** Files that hold one part of the metadata each, and what an empty part is. */
const parts = [
  ['allow_list.yaml', 'allowlist', []],
  ['query_collections.yaml', 'query_collections', []],
  ['rest_endpoints.yaml', 'rest_endpoints', []],
  ['cron_triggers.yaml', 'cron_triggers', []],
  ['inherited_roles.yaml', 'inherited_roles', []],
  ['remote_schemas.yaml', 'remote_schemas', []],
  ['api_limits.yaml', 'api_limits', {}],
  ['graphql_schema_introspection.yaml', 'graphql_schema_introspection', { disabled_for_roles: [] }],
  ['network.yaml', 'network', {}],
] as const

/** Path in the folder → its text. A name that would leave the folder throws. */
export function metadataFiles(metadata: Metadata): Map<string, string> {
  const files = new Map<string, string>()
  files.set('version.yaml', yaml({ version: 3 }))
  for (const [file, key, empty] of parts) files.set(file, yaml(metadata[key] ?? empty))
  writeActions(files, metadata)
  files.set('databases/databases.yaml', yaml(metadata.sources.map(source => writeSource(files, source))))
  return files
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, indent: 2, aliasDuplicateObjects: false })
}

function writeActions(files: Map<string, string>, { actions = [], custom_types = {} }: Metadata): void {
  const types = { enums: [], input_objects: [], objects: [], scalars: [], ...custom_types }
  files.set('actions.yaml', yaml({ actions, custom_types: types }))
  files.set('actions.graphql', '')
}

function writeSource(files: Map<string, string>, { tables, functions, ...source }: SourceMetadata): unknown {
  const folder = fileName(source.name)
  const list = (
    kind: 'tables' | 'functions',
    entries: { name: QualifiedName; value: unknown }[] | undefined,
  ) => {
    if (!entries) return {}
    const names = entries.map(({ name, value }) => {
      const { schema, name: own } = qualified(name)
      const file = `${fileName(`${schema}_${own}`)}.yaml`
      files.set(`databases/${folder}/${kind}/${file}`, yaml(value))
      return `!include ${file}`
    })
    files.set(`databases/${folder}/${kind}/${kind}.yaml`, yaml(names.toSorted()))
    return { [kind]: `!include ${folder}/${kind}/${kind}.yaml` }
  }
  return {
    ...source,
    ...list(
      'tables',
      tables?.map(value => ({ name: value.table, value })),
    ),
    ...(functions?.length
      ? list(
          'functions',
          functions.map(value => ({ name: value.function, value })),
        )
      : {}),
  }
}

/** A table may be called anything; a file may not. */
function fileName(name: string): string {
  if (!/^[\w .-]+$/.test(name) || name.startsWith('.'))
    throw new Error(`${JSON.stringify(name)} is no name for a file of the metadata folder`)
  return name
}
