/** Tells of changes in the folder of route files, once per burst of events. */
import { watch } from 'node:fs'

/** https://doc.traefik.io/traefik/providers/file/#watch. `stop` ends it. */
export function watchFiles(directory: string, throttleMs: number, onChange: () => void): { stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(directory, { recursive: true, persistent: false }, () => {
    // Editors write a file in several steps; the first look would see half of it.
    clearTimeout(timer)
    timer = setTimeout(onChange, throttleMs)
    timer.unref()
  })
  watcher.on('error', () => watcher.close())
  return {
    stop() {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
