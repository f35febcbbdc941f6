/** The changes between two files, one after the other, holding some thousand items at a time. */
import { type Pool, type Queryable, rows } from '@glimmr/lib/db'
import { byIndex, fetchRows, inSnapshot } from '@glimmr/lib/snapshot'
import {
  type Change,
  changesOf,
  type DiffScope,
  type GroupPosition,
  type ItemGroup,
  itemGroups,
} from './diff-sql.ts'

export type ChangeKind = Change['change']

export type Walk = {
  pool: Pool
  scope: DiffScope
  /** Undefined: all three. */
  kinds: ChangeKind[] | undefined
  /** The last group of the walk before. */
  after?: GroupPosition | undefined
  signal: AbortSignal
  /** Of a statement; the first of them puts all items in order. */
  timeoutMs: number
}

/** The changes of one group, never none; or `undefined` changes: the walk has come to here and found nothing. */
export type GroupChanges = { position: GroupPosition; changes: Change[] }

/** Groups fetched together: a group has a few items, an item up to some thousand rates. */
const groupsAtOnce = 400
/** Where many items share their codes and description, a chunk ends earlier. */
const itemsAtOnce = 2_000

const settings = {
  ...byIndex,
  work_mem: '32MB',
  enable_hashagg: 'on',
  plan_cache_mode: 'force_custom_plan',
  // A client that takes nothing for this long gives up its snapshot.
  idle_in_transaction_session_timeout: '60s',
}

/** In the order of the groups. A chunk without changes yields its last position, so that the caller may stop there. */
export function walkChanges(walk: Walk): AsyncGenerator<GroupChanges, void, undefined> {
  const { pool, signal, timeoutMs } = walk
  const bounded = { ...settings, statement_timeout: String(timeoutMs) }
  return inSnapshot(pool, { signal, settings: bounded }, client => walkIn(client, walk))
}

async function* walkIn(
  client: Queryable,
  { scope, kinds, after }: Walk,
): AsyncGenerator<GroupChanges, void, undefined> {
  for await (const batch of fetchRows<ItemGroup>(client, itemGroups(scope, after), { batch: groupsAtOnce })) {
    for (const groups of chunksOf(batch)) {
      const found = await rows<Change>(client, changesOf(chunkOf(groups), kinds))
      yield* byGroup(groups, found)
    }
  }
}

function* chunksOf(groups: ItemGroup[]): Generator<ItemGroup[]> {
  let chunk: ItemGroup[] = []
  let items = 0
  for (const group of groups) {
    if (chunk.length > 0 && items + group.items.length > itemsAtOnce) {
      yield chunk
      chunk = []
      items = 0
    }
    chunk.push(group)
    items += group.items.length
  }
  if (chunk.length > 0) yield chunk
}

function chunkOf(groups: ItemGroup[]) {
  return {
    items: groups.flatMap(group => group.items),
    sides: groups.flatMap(group => group.sides),
    groups: groups.flatMap((group, n) => group.items.map(() => n)),
  }
}

function* byGroup(groups: ItemGroup[], changes: Change[]): Generator<GroupChanges> {
  const found = Map.groupBy(changes, change => change.group)
  for (const [n, group] of groups.entries()) {
    const ofGroup = found.get(n) ?? []
    if (ofGroup.length > 0 || n === groups.length - 1)
      yield { position: [group.codes, group.hash], changes: ofGroup }
  }
}
