/**
 * Two connections that copy batches side by side, each in one transaction: whichever is free takes the next batch, so the
 * database works on two cores while the third thing, the parsing, goes on. What they copied is not visible before the
 * file is published, so it does not matter which of them commits first.
 */
import { keptAlive } from '@glimmr/lib/db'
import { quoteIdentifier } from '@glimmr/lib/sql'
import pg from 'pg'
import { release } from '../release.ts'
import { copyBatch } from './copy-batch.ts'
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

export type LaneOptions = { url: string; lanes?: number; bufferBytes: number }

/** Batches on the wire of one connection: the one the server copies and the one it goes on with. */
const ahead = 2
/** Batches that wait for a connection, beyond those on the wire. */
const waiting = 1

/** Buffers kept for the next batches: new memory costs its first touch. */
const mostSpare = 6

type Lane = { client: pg.Client; sent: number }

export async function openCopyLanes({ url, lanes = 2, bufferBytes }: LaneOptions): Promise<CopyLanes> {
  const queue: Batch[] = []
  const spare: Buffer[] = []
  const counted = Object.fromEntries(tableNames.map(name => [name, 0])) as Record<TableName, number>
  let failure: Error | undefined
  let wake: (() => void)[] = []
  let committing: Promise<unknown> = Promise.resolve()

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

  const open = await openLanes(lanes, () => openLane(url, fail))
  const idle = () => open.every(lane => lane.sent === 0)

  /** The batch goes to the connection with the fewest, as soon as one has room. */
  function dispatch(): void {
    while (queue.length > 0) {
      const lane = open.reduce((least, other) => (other.sent < least.sent ? other : least))
      const batch = lane.sent < ahead ? queue.shift() : undefined
      if (!batch) return
      lane.sent++
      copy(lane.client, batch)
        .then(rows => {
          counted[batch.table] += rows
          const { buffer } = batch.bytes
          if (spare.length < mostSpare && buffer.byteLength === bufferBytes) spare.push(Buffer.from(buffer))
        }, fail)
        .finally(() => {
          lane.sent--
          dispatch()
          changed()
        })
    }
  }

  return {
    add(batch) {
      if (failure) throw failure
      queue.push(batch)
      dispatch()
    },
    async room() {
      while (queue.length > waiting && !failure) await change()
      if (failure) throw failure
    },
    buffer: () => spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes),
    async commit() {
      while (queue.length > 0 || !idle()) await change()
      if (failure) throw failure
      const committed = Promise.all(open.map(({ client }) => client.query('commit')))
      committing = committed.catch(() => {})
      await committed
      await Promise.all(open.map(({ client }) => client.end()))
      for (const used of spare.splice(0)) release(used)
      return counted
    },
    async abort() {
      fail(failure ?? new Error('the load was given up'))
      while (!idle()) await change()
      // A commit that was sent is carried out, also when nobody waits for it: whoever clears the rows has to come after it.
      await committing
      await Promise.allSettled(open.map(({ client }) => client.end()))
    },
  }
}

/** All or none: of those that opened, none is left behind when another is refused. */
async function openLanes(count: number, openOne: () => Promise<pg.Client>): Promise<Lane[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, openOne))
  const clients = opened.flatMap(lane => (lane.status === 'fulfilled' ? lane.value : []))
  const refused = opened.find(lane => lane.status === 'rejected')
  if (!refused) return clients.map(client => ({ client, sent: 0 }))
  await Promise.allSettled(clients.map(client => client.end()))
  throw refused.reason
}

async function openLane(url: string, onError: (error: Error) => void): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'glimmr_copy', ...keptAlive })
  client.on('error', onError)
  try {
    await client.connect()
    // The rows are only worth something once the file is published, and that commit waits for the disk.
    await client.query('begin; set local synchronous_commit = off')
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

const statements = new Map(
  tableNames.map(table => {
    const columns = tableColumns[table].map(quoteIdentifier).join(', ')
    return [table, `copy prices.${quoteIdentifier(table)} (${columns}) from stdin`]
  }),
)

/** The batch is on its way before its turn: see copy-batch.ts. */
function copy(client: pg.Client, { table, bytes }: Batch): Promise<number> {
  const batch = copyBatch(statements.get(table) ?? '', bytes)
  client.query(batch)
  batch.send(client.connection)
  return batch.copied
}
