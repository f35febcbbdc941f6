/**
 * The sweep makes it certain: an upload whose client never came back and whose event was lost is found here, and one
 * that was never sent is ended.
 */
import { execute, rows } from '@glimmr/lib/db'
import { empty, sql } from '@glimmr/lib/sql'
import type { Media } from '../media.ts'
import { forgetOldKeys } from './idempotency-key.ts'
import { abortMultipart } from './object-store.ts'
import { type StoredUpload, storedUploadColumns, storeUpload } from './store-upload.ts'

export type SweepResult = { looked: number; stored: number; expired: number }

type Waiting = StoredUpload & { created: string; over: boolean }

const batch = 100
const atOnce = 4
/** Younger ones are about to be completed by their client; the event is quicker as well. */
const minAgeSeconds = 10

/** Looks once at every waiting upload, in batches, the oldest first. Stops early when `signal` is aborted. */
export async function sweepUploads(
  media: Media,
  { signal, minAge = minAgeSeconds }: { signal?: AbortSignal; minAge?: number } = {},
): Promise<SweepResult> {
  const result: SweepResult = { looked: 0, stored: 0, expired: 0 }
  await forgetOldKeys(media.pool)
  let after: Waiting | undefined
  do {
    const found = await waitingUploads(media, { minAge, after })
    await inTurns(found, signal, async upload => {
      result.looked++
      const end = await settle(media, upload)
      if (end) result[end]++
    })
    after = found.length === batch ? found.at(-1) : undefined
  } while (after && !signal?.aborted)
  return result
}

/** Rows that somebody is storing at this moment are left to them. */
function waitingUploads(
  { pool, graceSeconds }: Media,
  { minAge, after }: { minAge: number; after: Waiting | undefined },
): Promise<Waiting[]> {
  const behind = after
    ? sql`and (u.created_at, u.id) > (${after.created}::timestamptz, ${after.id}::uuid)`
    : empty
  return rows<Waiting>(
    pool,
    sql`select ${storedUploadColumns}, u.created_at::text as created,
        u.expires_at + make_interval(secs => ${graceSeconds}) < now() as over
      from media.uploads u
      where u.status = 'waiting' and u.created_at <= now() - make_interval(secs => ${minAge}) ${behind}
      order by u.created_at, u.id limit ${batch} for update skip locked`,
  )
}

async function settle(media: Media, upload: Waiting): Promise<'stored' | 'expired' | undefined> {
  try {
    const outcome = await storeUpload(media, upload, { by: 'sweep' })
    if (outcome.state === 'stored') return outcome.first ? 'stored' : undefined
    if (outcome.state === 'different') media.log.warn({ upload_id: upload.id }, 'not the announced object')
    return upload.over && (await expire(media, upload)) ? 'expired' : undefined
  } catch (error) {
    // One that fails must not keep the others from being looked at; it is looked at again next time.
    media.log.warn({ err: error, upload_id: upload.id }, 'the sweep could not look at an upload')
    return undefined
  }
}

async function expire(media: Media, upload: Waiting): Promise<boolean> {
  // A URL that was renewed meanwhile keeps it waiting.
  const ended = await execute(
    media.pool,
    sql`update media.uploads set status = 'expired' where id = ${upload.id} and status = 'waiting'
      and expires_at + make_interval(secs => ${media.graceSeconds}) < now()`,
  )
  if (ended === 0) return false
  media.metrics.expired.add({})
  const { object_key: key, multipart_id: multipartId } = upload
  if (multipartId) await abortMultipart(media, { key, multipartId })
  return true
}

/** A few at once: each is mostly waiting for the store. */
async function inTurns<Item>(
  items: Item[],
  signal: AbortSignal | undefined,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) {
      if (signal?.aborted) return
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Sweeps again and again, `everyMs` after the end of the one before. `stop` waits for the one that is running. */
export function startSweep(media: Media, everyMs: number): { stop: () => Promise<void> } {
  const stopping = new AbortController()
  let running = Promise.resolve()
  let timer = setTimeout(turn, everyMs)
  function turn(): void {
    running = sweepUploads(media, {
      signal: stopping.signal,
      minAge: Math.min(minAgeSeconds, everyMs / 1000),
    })
      .then(result => {
        if (result.stored + result.expired > 0) media.log.info(result, 'sweep')
      })
      .catch(error => media.log.warn({ err: error }, 'the sweep failed and will be tried again'))
      .finally(() => {
        if (!stopping.signal.aborted) timer = setTimeout(turn, everyMs).unref()
      })
  }
  timer.unref()
  return {
    stop: async () => {
      stopping.abort()
      clearTimeout(timer)
      await running
    },
  }
}
