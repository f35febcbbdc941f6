/** Reads what the metadata names from each source's catalogue. */
import { type CatalogReader, type NameInSchema, readCatalog } from './catalog.ts'
import type { Inconsistency, Metadata, SourceMetadata } from './metadata-types.ts'
import { qualified } from './model/building.ts'
import { type EnumValue, qualifiedKey, type SourceCatalog } from './model.ts'
import { id } from './print/text.ts'

export async function readSources(
  metadata: Metadata,
  pools: Readonly<Record<string, CatalogReader>>,
): Promise<{ catalogs: Map<string, SourceCatalog>; inconsistencies: Inconsistency[] }> {
  const catalogs = new Map<string, SourceCatalog>()
  const inconsistencies: Inconsistency[] = []
  for (const source of metadata.sources) {
    const pool = pools[source.name]
    const report = (reason: string) =>
      inconsistencies.push({
        type: 'source',
        name: `source ${source.name}`,
        reason: `Inconsistent object: ${reason}`,
      })
    if (source.kind && !['postgres', 'pg'].includes(source.kind))
      report(`sources of kind ${source.kind} are not supported`)
    else if (!pool) report('no connection is configured for it')
    else
      try {
        catalogs.set(source.name, await readSource(source, pool))
      } catch (cause) {
        report(cause instanceof Error ? cause.message : String(cause))
      }
  }
  return { catalogs, inconsistencies }
}

async function readSource(source: SourceMetadata, pool: CatalogReader): Promise<SourceCatalog> {
  const entries = source.tables ?? []
  const functions = [
    ...(source.functions ?? []).map(entry => qualified(entry.function)),
    ...entries.flatMap(entry =>
      (entry.computed_fields ?? []).map(({ definition }) => qualified(definition.function)),
    ),
  ]
  const tables = entries.map(entry => qualified(entry.table))
  const found = await readCatalog(pool, { tables, functions: distinct(functions) })
  const byName = new Map(found.tables.map(table => [qualifiedKey(table), table]))
  const overloads = Map.groupBy(found.functions, qualifiedKey)
  const enumValues = new Map<string, EnumValue[]>()
  for (const entry of entries.filter(({ is_enum }) => is_enum)) {
    const table = byName.get(qualifiedKey(qualified(entry.table)))
    const [key] = table?.primary_key?.columns ?? []
    if (!table || key === undefined) continue
    const comment = table.columns.find(({ name }) => name !== key)?.name
    enumValues.set(qualifiedKey(table), await readEnum(pool, table, key, comment))
  }
  return { tables: byName, functions: overloads, enumValues }
}

function distinct(names: NameInSchema[]): NameInSchema[] {
  return [...new Map(names.map(name => [qualifiedKey(name), name])).values()]
}

async function readEnum(
  pool: CatalogReader,
  table: NameInSchema,
  key: string,
  comment: string | undefined,
): Promise<EnumValue[]> {
  const shown = comment === undefined ? 'null' : id(comment)
  const { rows } = await pool.query<EnumValue>(
    `select ${id(key)} as value, ${shown} as comment from ${id(table.schema)}.${id(table.name)} order by 1`,
  )
  return rows
}
