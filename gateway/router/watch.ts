/** Tells of changes in the folder of route files, once per burst of events. */
import { type FSWatcher, watch } from 'node:fs'

export type WatchOptions = {
  directory: string
  throttleMs: number
  onChange: () => void
  /** Told when the system gives up; changes are then no longer seen. */
  onError: (error: unknown) => void
}

/** https://doc.traefik.io/traefik/providers/file/#watch. `stop` ends it. */
export function watchFiles({ directory, throttleMs, onChange, onError }: WatchOptions): { stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    // Editors write a file in several steps; the first look would see half of it.
    clearTimeout(timer)
    timer = setTimeout(onChange, throttleMs)
    timer.unref()
  }
  let watcher: FSWatcher
  try {
    watcher = watch(directory, { recursive: true, persistent: false }, look)
  } catch (error) {
    // The system may have no watchers left; requests are served all the same.
    onError(error)
    return { stop() {} }
  }
  watcher.on('error', error => {
    watcher.close()
    onError(error)
  })
  return {
    stop() {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
