/** What of the metadata this engine never serves, told as such; a real Hasura serves it from the same folder. */
import type { Inconsistency, Metadata } from '../metadata-types.ts'
import { qualified, shown } from './building.ts'

export function outOfScope(metadata: Metadata): Inconsistency[] {
  const found: Inconsistency[] = []
  const report = (type: string, name: string, what: string) =>
    found.push({ type, name, reason: `${what} are not supported by this server` })
  for (const name of namesOf(metadata.remote_schemas))
    report('remote_schema', `remote_schema ${name}`, 'remote schemas')
  for (const { name: source, tables = [] } of metadata.sources)
    for (const { table, remote_relationships } of tables)
      for (const name of namesOf(remote_relationships))
        report(
          'remote_relationship',
          `remote_relationship ${name} in table ${shown(qualified(table))} in source ${source}`,
          'relationships to remote schemas and other sources',
        )
  return found
}

function namesOf(objects: unknown): string[] {
  if (!Array.isArray(objects)) return []
  return objects.map((object: { name?: unknown }) => String(object?.name ?? ''))
}
