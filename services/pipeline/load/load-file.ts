/**
 * Loads one file: from its bytes to published prices, or to the reasons why not. Runs in a worker thread (thread.ts) or
 * where it is called; owns its connections.
 *
 * The session's advisory lock on the content makes two loads of it follow each other; the second finds the first's file.
 * A crash at any point leaves at most rows of a file that is not published, which nobody sees and the next attempt clears.
 */

import { keptAlive } from '@glimmr/lib/db'
import { inSpan } from '@glimmr/lib/telemetry'
import pg from 'pg'
import type { Kernel } from '../kernel/kernel.ts'
import { type ReadResult, readFile } from '../read/read-file.ts'
import { createFindings, type Findings } from '../rules/findings.ts'
import { type ContentLimits, openContent } from '../source/content.ts'
import { type Reason, Refusal } from '../source/refusal.ts'
import { type Source, sha256Of } from '../source/source.ts'
import { type CopyLanes, openCopyLanes } from './copy-lanes.ts'
import { beginFile, type FileToLoad, loadedAlready, lockContent, rejectFile } from './file-record.ts'
import {
  endedAs,
  tellAlreadyLoaded,
  tellProgress,
  tellPublished,
  tellRejected,
  tellRepublished,
} from './load-status.ts'
import { publish, type Verdict } from './publish.ts'
import { publishAgain } from './publish-again.ts'
import { Rows } from './rows.ts'
import { tableNames } from './tables.ts'

export type LoadProgress = { bytesRead: number; seen: number; loaded: number; rejected: number }

export type LoadOptions = {
  url: string
  source: Source
  file: Omit<FileToLoad, 'sha256' | 'sizeBytes'> & {
    /** Enforced by the store; read from the source when null. */ sha256: string | null
  }
  signal: AbortSignal
  now?: Date
  limits?: ContentLimits
  /** Of the thread that loads: see read/read-file.ts. */
  kernel: Kernel | undefined
  /** Called at most every 300 ms or so, never twice at once. */
  onProgress?: (progress: LoadProgress) => Promise<void> | void
}

export type LoadResult =
  | {
      outcome: 'published'
      fileId: number
      verdict: Verdict
      read: ReadResult
      counts: Rows['counts']
      findings: Record<string, number>
    }
  /** Nothing was loaded: the content is its hospital's current file, or (`republished`) has become so again. */
  | { outcome: 'already_loaded' | 'republished'; fileId: number }
  /** Nothing was done: another attempt at the same load has ended it. */
  | { outcome: 'ended_before'; fileId: number }
  | { outcome: 'rejected'; fileId: number; reasons: Reason[]; read: Partial<ReadResult> }

// Batches follow each other on the wire without a pause, so they may be small: what is left to copy at the end is little.
const bufferBytes = 1 << 20
const progressMs = 300

export async function loadFile(options: LoadOptions): Promise<LoadResult> {
  const { url, source, signal } = options
  const control = new pg.Client({ connectionString: url, application_name: 'glimmr_load', ...keptAlive })
  // A connection that breaks while nothing is asked of it fails the next statement; the event alone must not end us.
  control.on('error', () => {})
  await control.connect()
  try {
    const sha256 = options.file.sha256 ?? (await sha256Of(source, signal))
    const file: FileToLoad = { ...options.file, sha256, sizeBytes: source.sizeBytes }
    await lockContent(control, file)
    const ended = await endedAs(control, file.uploadId)
    if (ended !== undefined) return { outcome: 'ended_before', fileId: ended }
    const known = await loadedAlready(control, file)
    if (known !== undefined) return await loadedBefore(control, known, file)
    const fileId = await beginFile(control, file)
    return await loadRows({ ...options, control, file, fileId })
  } finally {
    await control.end().catch(() => {})
  }
}

async function loadedBefore(control: pg.Client, fileId: number, file: FileToLoad): Promise<LoadResult> {
  return inTransaction(control, async () => {
    const outcome = (await publishAgain(control, fileId, file)) ? 'republished' : 'already_loaded'
    if (outcome === 'republished') await tellRepublished(control, file.uploadId, fileId)
    else await tellAlreadyLoaded(control, file.uploadId, fileId)
    return { outcome, fileId }
  })
}

type Work = LoadOptions & { control: pg.Client; file: FileToLoad; fileId: number }

async function loadRows(work: Work): Promise<LoadResult> {
  const { url, control, fileId, file, now = new Date() } = work
  const rows = new Rows(fileId)
  const findings = createFindings()
  const seen: { read: Partial<ReadResult> } = { read: {} }
  const lanes = await openCopyLanes({ url, bufferBytes })
  try {
    const { read, compression, member } = await inSpan('load rows', {}, () =>
      readInto({ ...work, rows, findings, lanes, now, seen }),
    )
    const copied = lanes.commit()
    copied.catch(() => {}) // of which publishing hears, if it comes so far
    const verdict = await inSpan('publish', {}, () =>
      inTransaction(control, async () => {
        const ended = { fileId, file, read, rows, findings, compression, member, copied }
        const published = await publish(control, ended)
        await tellPublished(control, file.uploadId, fileId, read.counts)
        return published
      }),
    )
    return {
      outcome: 'published',
      fileId,
      verdict,
      read,
      counts: rows.counts,
      findings: countsOf(findings, read),
    }
  } catch (error) {
    await lanes.abort()
    if (!(error instanceof Refusal)) throw error
    await inTransaction(control, async () => {
      await rejectFile(control, fileId, error.reasons)
      await tellRejected(control, file.uploadId, fileId, error.reasons)
    })
    return {
      outcome: 'rejected',
      fileId,
      reasons: error.reasons,
      read: { ...seen.read, version: error.version },
    }
  } finally {
    for (const table of tableNames) rows.buffers[table].release()
  }
}

function countsOf(findings: Findings, read: ReadResult): Record<string, number> {
  return Object.fromEntries(
    [...findings.summary(read.version).counts].map(([rule, count]) => [rule.id, count]),
  )
}

type Reading = Work & {
  rows: Rows
  findings: Findings
  lanes: CopyLanes
  now: Date
  seen: { read: Partial<ReadResult> }
}

async function readInto({
  source,
  signal,
  limits,
  kernel,
  rows,
  findings,
  lanes,
  now,
  control,
  file,
  fileId,
  onProgress,
  seen,
}: Reading) {
  const progress: LoadProgress = { bytesRead: 0, seen: 0, loaded: 0, rejected: 0 }
  const tell = throttled(progressMs, async () => {
    await tellProgress(control, file.uploadId, fileId, progress)
    await onProgress?.({ ...progress })
  })
  const content = await openContent(source, {
    signal,
    ...(limits && { limits }),
    onRead: bytes => {
      progress.bytesRead += bytes
    },
  })
  const read = await readFile({
    chunks: content.chunks,
    rows,
    findings,
    now,
    kernel,
    async afterChunk(facts) {
      signal.throwIfAborted()
      seen.read = facts
      if (rows.payers.unresolved > 0) await rows.payers.resolve(control)
      rows.settle()
      flush(rows, lanes, bufferBytes / 2)
      Object.assign(progress, {
        seen: facts.counts.seen,
        loaded: facts.counts.loaded,
        rejected: facts.counts.rejected,
      })
      tell()
      await lanes.room()
    },
  }).finally(() => content.chunks.return()) // which closes the stream of a file that is not read to its end
  flush(rows, lanes, 1)
  return { read, compression: content.compression, member: content.member }
}

/** Hands over every table that holds at least `bytes`. */
function flush(rows: Rows, lanes: CopyLanes, bytes: number): void {
  for (const table of tableNames) {
    const buffer = rows.buffers[table]
    if (buffer.rowsEnd >= bytes) lanes.add({ table, ...buffer.take(lanes.buffer()) })
  }
}

/** Starts `work` at most every `ms`, and not before the last one is over. Its failure shows in the statement after it. */
function throttled(ms: number, work: () => Promise<void>): () => void {
  let last = 0
  let busy = false
  return () => {
    const now = performance.now()
    if (busy || now - last < ms) return
    busy = true
    last = now
    work()
      .catch(() => {})
      .finally(() => {
        busy = false
      })
  }
}

async function inTransaction<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}
