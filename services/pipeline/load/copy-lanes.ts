/**
 * Two connections that copy batches side by side, each in one transaction: whichever is free takes the next batch, so the
 * database works on two cores while the third thing, the parsing, goes on. What they copied is not visible before the
 * file is published, so it does not matter which of them commits first.
 */
import { quoteIdentifier } from '@glimmr/lib/sql'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { type TableName, tableColumns, tableNames } from './tables.ts'

type Batch = { table: TableName; bytes: Buffer; rows: number }

export type CopyLanes = {
  /** Hands over whole rows; returns at once. */
  add(batch: Batch): void
  /** Resolves when there is room for more: this is the back-pressure of the load. Rejects once a lane has failed. */
  room(): Promise<void>
  /** A buffer to write the next rows into, used ones first. */
  buffer(): Buffer
  /** Copies what is left and commits; returns the rows that the server counted. */
  commit(): Promise<Record<TableName, number>>
  /** Rolls everything back. */
  abort(): Promise<void>
}

export type LaneOptions = { url: string; lanes?: number; bufferBytes: number; waiting?: number }

export async function openCopyLanes({
  url,
  lanes = 2,
  bufferBytes,
  waiting = 2,
}: LaneOptions): Promise<CopyLanes> {
  const queue: Batch[] = []
  const spare: Buffer[] = []
  const counted = Object.fromEntries(tableNames.map(name => [name, 0])) as Record<TableName, number>
  let failure: Error | undefined
  let closing = false
  let wake: (() => void)[] = []

  const changed = () => {
    const waiters = wake
    wake = []
    for (const waiter of waiters) waiter()
  }
  const change = () => new Promise<void>(resolve => wake.push(resolve))
  const fail = (error: Error) => {
    failure ??= error
    queue.length = 0
    changed()
  }

  const clients = await Promise.all(Array.from({ length: lanes }, () => openLane(url, fail)))

  async function serve(client: pg.Client): Promise<void> {
    while (!failure) {
      const batch = queue.shift()
      if (!batch) {
        if (closing) return
        await change()
        continue
      }
      const arrived = await copy(client, batch)
      counted[batch.table] += arrived // not `+= await`, which would read the sum before waiting
      const { buffer } = batch.bytes
      if (spare.length < waiting && buffer.byteLength === bufferBytes) spare.push(Buffer.from(buffer))
      changed()
    }
  }
  const served = Promise.all(clients.map(client => serve(client).catch(fail)))

  return {
    add(batch) {
      if (failure) throw failure
      queue.push(batch)
      changed()
    },
    async room() {
      while (queue.length > waiting && !failure) await change()
      if (failure) throw failure
    },
    buffer: () => spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes),
    async commit() {
      closing = true
      changed()
      await served
      if (failure) throw failure
      await Promise.all(clients.map(client => client.query('commit')))
      await Promise.all(clients.map(client => client.end()))
      return counted
    },
    async abort() {
      fail(failure ?? new Error('the load was given up'))
      await served
      await Promise.allSettled(clients.map(client => client.end()))
    },
  }
}

async function openLane(url: string, onError: (error: Error) => void): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'glimmr_copy' })
  client.on('error', onError)
  await client.connect()
  // The rows are only worth something once the file is published, and that commit waits for the disk.
  await client.query('begin; set local synchronous_commit = off')
  return client
}

const statements = new Map(
  tableNames.map(table => {
    const columns = tableColumns[table].map(quoteIdentifier).join(', ')
    return [table, `copy prices.${quoteIdentifier(table)} (${columns}) from stdin`]
  }),
)

function copy(client: pg.Client, { table, bytes }: Batch): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(statements.get(table) ?? ''))
    stream.on('error', reject)
    stream.on('finish', () => resolve(stream.rowCount))
    stream.end(bytes)
  })
}
