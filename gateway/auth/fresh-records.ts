/**
 * Records of the database that are remembered for a while, and never for longer than five seconds without asking again:
 * one statement every few seconds asks for all that are in use, so a revocation is seen without a query per request.
 */
import { Refusal } from './refusals.ts'

export type FreshRecords<Found> = {
  /** At once for a record in use; undefined where there is none. Throws Refusal('unavailable'). */
  get(id: string): Found | undefined | Promise<Found | undefined>
}

export type FreshRecordsOptions<Found> = {
  /** The records of these ids that there are. */
  find(ids: string[]): Promise<Map<string, Found>>
  now: () => number
  /** Told of a database that does not answer; known records stay good for a minute. */
  onError: (error: unknown) => void
}

type Entry<Found> = { found: Found; checkedAtMs: number; usedAtMs: number }

// Asked again after half of it, in the background; nobody is admitted on older news.
const freshMs = 5000
const staleMs = 60_000
const maxRecords = 20_000
const maxUnknown = 10_000

export function createFreshRecords<Found>(options: FreshRecordsOptions<Found>): FreshRecords<Found> {
  const { find, now, onError } = options
  const entries = new Map<string, Entry<Found>>()
  const unknown = new Map<string, number>()
  const asking = new Map<string, Promise<Found | undefined>>()

  const refresh = async () => {
    const askedAtMs = now()
    for (const [id, { usedAtMs }] of entries) if (askedAtMs - usedAtMs > staleMs) entries.delete(id)
    const asked = [...entries.keys()]
    const found = await find(asked)
    for (const id of asked) {
      const entry = entries.get(id)
      const record = found.get(id)
      if (!record) entries.delete(id)
      else if (entry) Object.assign(entry, { found: record, checkedAtMs: askedAtMs })
    }
  }
  let refreshing: Promise<void> | undefined
  const refreshOnce = () => {
    refreshing ??= refresh()
      .catch(onError)
      .finally(() => {
        refreshing = undefined
      })
    return refreshing
  }

  const known = (id: string, entry: Entry<Found>): Found | undefined | Promise<Found | undefined> => {
    entry.usedAtMs = now()
    const ageMs = entry.usedAtMs - entry.checkedAtMs
    if (ageMs < freshMs / 2) return entry.found
    const refreshed = refreshOnce()
    if (ageMs < freshMs) return entry.found
    return refreshed.then(() => {
      const again = entries.get(id)
      if (again && now() - again.checkedAtMs > staleMs) throw new Refusal('unavailable')
      return again?.found
    })
  }

  const lookUp = async (id: string): Promise<Found | undefined> => {
    const askedAtMs = now()
    const found = await find([id]).then(
      some => some.get(id),
      cause => {
        onError(cause)
        throw new Refusal('unavailable', { cause })
      },
    )
    if (found === undefined) unknown.set(id, askedAtMs)
    else entries.set(id, { found, checkedAtMs: askedAtMs, usedAtMs: askedAtMs })
    dropOldest(unknown, maxUnknown)
    dropOldest(entries, maxRecords)
    return found
  }

  return {
    get(id) {
      const entry = entries.get(id)
      if (entry) return known(id, entry)
      if (now() - (unknown.get(id) ?? Number.NEGATIVE_INFINITY) < freshMs) return undefined
      // However many ask for it at once, it is one query.
      const running = asking.get(id) ?? lookUp(id).finally(() => asking.delete(id))
      asking.set(id, running)
      return running
    },
  }
}

/** Maps keep the order of insertion. */
function dropOldest(map: Map<string, unknown>, size: number): void {
  for (const id of map.keys()) {
    if (map.size <= size) return
    map.delete(id)
  }
}
