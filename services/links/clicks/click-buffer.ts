/**
 * Clicks wait here to be written together: the same link, day and visitor are one entry with a count. None is lost while
 * the process lives: a batch that cannot be written goes back, and a full buffer is written before it takes another.
 */
export type Click = { link_id: string; day: string; visitor: Buffer; clicks: number }

export type ClickBuffer = {
  /** Resolves when the click is held. Rejects when the buffer is full and cannot be written. */
  add(click: Omit<Click, 'clicks'>): Promise<void>
  /** Writes what is held. Rejects, holding it still, when that fails. */
  flush(): Promise<void>
  /** Writes what is held, and takes no more. */
  close(): Promise<void>
}

export type ClickBufferOptions = {
  write(batch: Click[]): Promise<void>
  flushMs: number
  /** Entries, at most. */
  capacity: number
  /** Told when a batch by the clock failed; the next one tries again. */
  onError(error: unknown): void
}

export function createClickBuffer({ write, flushMs, capacity, onError }: ClickBufferOptions): ClickBuffer {
  let held = new Map<string, Click>()
  let writing: Promise<void> | undefined
  const put = (click: Click) => {
    const key = `${click.link_id} ${click.day} ${click.visitor.toString('base64')}`
    const same = held.get(key)
    if (same) same.clicks += click.clicks
    else held.set(key, click)
  }
  const writeHeld = async () => {
    const batch = held
    held = new Map()
    try {
      await write([...batch.values()])
    } catch (error) {
      for (const click of batch.values()) put(click)
      throw error
    }
  }
  /** One batch at a time: while one is written the next collects. */
  const flush = async (): Promise<void> => {
    if (!writing && held.size === 0) return
    writing ??= writeHeld().finally(() => {
      writing = undefined
    })
    await writing
  }
  const timer = setInterval(() => flush().catch(onError), flushMs)
  timer.unref()
  return {
    async add(click) {
      while (held.size >= capacity) await flush()
      put({ ...click, clicks: 1 })
    },
    flush,
    async close() {
      clearInterval(timer)
      // The batch under way may not have everything, or fail: one more for the rest.
      await writing?.catch(() => undefined)
      await flush()
    },
  }
}
