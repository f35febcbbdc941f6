/** What building a source's part of the model shares. */
import type { Inconsistency, QualifiedName, SourceMetadata } from '../metadata-types.ts'
import type { SourceCatalog, Table } from '../model.ts'
import type { Environment } from '../webhook/settings.ts'
import type { Naming } from './naming.ts'

export type Building = {
  source: SourceMetadata
  naming: Naming
  catalog: SourceCatalog
  tables: Map<string, Table>
  inconsistencies: Inconsistency[]
  /** What webhooks that validate input take; undefined where there is nobody to ask them. */
  validation: Environment | undefined
}

/** `author` is public.author. */
export function qualified(name: QualifiedName): { schema: string; name: string } {
  return typeof name === 'string'
    ? { schema: 'public', name }
    : { schema: name.schema ?? 'public', name: name.name }
}

/** A table's name as Hasura writes it in messages. */
export function shown({ schema, name }: { schema: string; name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`
}
