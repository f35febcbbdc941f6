/** One look at the database for all streams together: a thousand people watching cost one query a tick. */
import { createHash } from 'node:crypto'
import { type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { FastifyBaseLogger } from 'fastify'
import { hasEnded, type UploadRow, uploads } from './upload.ts'

/** What an upload was like when last looked at; `id` changes with it. */
export type State = { id: string; json: string; ended: boolean }

export type Watched = {
  current: () => State
  /** Resolves when the state is another than that of `id`, after `timeoutMs`, or when watching ends. */
  changed: (id: string, timeoutMs: number) => Promise<'changed' | 'timeout' | 'closed'>
  close: () => void
}

export type Watcher = {
  watch: (upload: UploadRow) => Watched
  /** Ends all watching. */
  close: () => void
}

type Entry = { state: State; watchers: Set<Watching> }
type Watching = { wake: (() => void) | undefined; closed: boolean }

export function stateOf({ json, status }: UploadRow): State {
  return {
    id: createHash('sha256').update(json).digest('base64url').slice(0, 16),
    json,
    ended: hasEnded(status),
  }
}

export function createWatcher(options: { pool: Pool; log: FastifyBaseLogger; pollMs: number }): Watcher {
  const { pool, log, pollMs } = options
  const entries = new Map<string, Entry>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function watch(upload: UploadRow): Watched {
    const entry = entries.get(upload.id) ?? { state: stateOf(upload), watchers: new Set() }
    // What was read for this one is news to those who watch already, and the next look would find nothing new.
    tell(entry, stateOf(upload))
    const watching: Watching = { wake: undefined, closed }
    entry.watchers.add(watching)
    entries.set(upload.id, entry)
    if (!closed) timer ??= setTimeout(look, pollMs)
    const end = () => {
      watching.closed = true
      watching.wake?.()
      entry.watchers.delete(watching)
      if (entry.watchers.size === 0 && entries.get(upload.id) === entry) entries.delete(upload.id)
    }
    return {
      current: () => entry.state,
      changed: (id, timeoutMs) => changed({ entry, watching, id, timeoutMs }),
      close: end,
    }
  }

  async function look(): Promise<void> {
    try {
      const found = await rows<UploadRow>(pool, uploads(sql`u.id = any(${[...entries.keys()]}::uuid[])`))
      for (const row of found) {
        const entry = entries.get(row.id)
        if (entry) tell(entry, stateOf(row))
      }
    } catch (error) {
      log.warn({ err: error }, 'the uploads being watched could not be looked at')
    }
    timer = entries.size > 0 && !closed ? setTimeout(look, pollMs) : undefined
  }

  function close(): void {
    closed = true
    clearTimeout(timer)
    for (const { watchers } of entries.values()) {
      for (const watching of watchers) {
        watching.closed = true
        watching.wake?.()
      }
    }
    entries.clear()
  }

  return { watch, close }
}

function tell(entry: Entry, state: State): void {
  if (state.id === entry.state.id) return
  entry.state = state
  for (const watching of entry.watchers) watching.wake?.()
}

type Wait = { entry: Entry; watching: Watching; id: string; timeoutMs: number }

function changed({ entry, watching, id, timeoutMs }: Wait): Promise<'changed' | 'timeout' | 'closed'> {
  if (watching.closed) return Promise.resolve('closed')
  if (entry.state.id !== id) return Promise.resolve('changed')
  return new Promise(resolve => {
    const timer = setTimeout(() => done('timeout'), timeoutMs)
    const done = (why: 'changed' | 'timeout' | 'closed') => {
      clearTimeout(timer)
      watching.wake = undefined
      resolve(why)
    }
    watching.wake = () => done(watching.closed ? 'closed' : 'changed')
  })
}
