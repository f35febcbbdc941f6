/** The pools of the sources: those that were given, and those that the metadata describes and `connect` opens. */
import type pg from 'pg'
import type { Metadata, SourceMetadata } from './metadata-types.ts'

/** Opens a source that the metadata describes; undefined for one that may not be opened. */
export type Connect = (source: SourceMetadata) => pg.Pool | undefined | Promise<pg.Pool | undefined>

export type Connections = {
  /** The same object throughout: who holds it sees sources come and go. */
  pools: Record<string, pg.Pool>
  /** Opens what the metadata names and nobody has opened yet. */
  open(metadata: Metadata): Promise<void>
  /** Ends what was opened here and the metadata names no more. */
  prune(metadata: Metadata): Promise<void>
  close(): Promise<void>
}

export function createConnections(
  given: Readonly<Record<string, pg.Pool>>,
  connect: Connect | undefined,
): Connections {
  const pools: Record<string, pg.Pool> = { ...given }
  const own = new Map<string, { pool: pg.Pool; configuration: string }>()
  const end = async (name: string) => {
    const opened = own.get(name)
    own.delete(name)
    delete pools[name]
    await opened?.pool.end()
  }
  return {
    pools,
    async open({ sources }) {
      for (const source of sources) {
        const configuration = JSON.stringify(source.configuration ?? null)
        const opened = own.get(source.name)
        if (opened?.configuration === configuration || (pools[source.name] && !opened)) continue
        const pool = await connect?.(source)
        if (!pool) continue
        void opened?.pool.end()
        own.set(source.name, { pool, configuration })
        pools[source.name] = pool
      }
    },
    async prune({ sources }) {
      const named = new Set(sources.map(({ name }) => name))
      for (const name of [...own.keys()]) if (!named.has(name)) await end(name)
    },
    async close() {
      for (const name of [...own.keys()]) await end(name)
    },
  }
}
