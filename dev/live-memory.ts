import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are held outside the heap by what can still be reached. What waits to be collected says when V8 last did so. */
export function liveBufferBytes(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}
