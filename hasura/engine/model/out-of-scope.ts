/** What of the metadata this engine never serves, told as such; a real Hasura serves it from the same folder. */
import type { Inconsistency, Metadata } from '../metadata-types.ts'
import { qualified, shown } from './building.ts'
import { isToSource } from './source-relations.ts'

export function outOfScope(metadata: Metadata): Inconsistency[] {
  const found: Inconsistency[] = []
  const report = (type: string, name: string, what: string) =>
    found.push({ type, name, reason: `${what} are not supported by this server` })
  for (const name of namesOf(metadata.remote_schemas))
    report('remote_schema', `remote_schema ${name}`, 'remote schemas')
  for (const { name: source, native_queries, logical_models } of metadata.sources) {
    for (const name of namesOf(native_queries, 'root_field_name'))
      report('native_query', `native_query ${name} in source ${source}`, 'native queries')
    for (const name of namesOf(logical_models))
      report('logical_model', `logical_model ${name} in source ${source}`, 'logical models')
  }
  for (const { name: source, tables = [] } of metadata.sources)
    for (const { table, remote_relationships, apollo_federation_config } of tables) {
      const inTable = `in table ${shown(qualified(table))} in source ${source}`
      if (apollo_federation_config)
        report('apollo_federation', `apollo_federation_config ${inTable}`, 'subgraphs of Apollo federation')
      for (const name of namesOf(remote_relationships?.filter(each => !isToSource(each))))
        report(
          'remote_relationship',
          `remote_relationship ${name} ${inTable}`,
          'relationships to remote schemas',
        )
    }
  return found
}

function namesOf(objects: unknown, key = 'name'): string[] {
  if (!Array.isArray(objects)) return []
  return objects.map((object: Record<string, unknown> | null) => String(object?.[key] ?? ''))
}
