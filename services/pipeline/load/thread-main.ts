/** The loading thread: one file, then the end. Started by thread.ts only. */

import { parentPort, workerData } from 'node:worker_threads'
import { createS3Client } from '@glimmr/lib/s3'
import { inSpan, stopTelemetry } from '@glimmr/lib/telemetry'
import { localSource, type Source } from '../source/source.ts'
import { storeSource } from '../source/store-object.ts'
import { loadFile } from './load-file.ts'
import type { SourceAddress, ThreadMessage, ThreadTask } from './thread.ts'

const task = workerData as ThreadTask
const stop = new AbortController()
parentPort?.on('message', () => stop.abort(new Error('the load was stopped')))

function tell(message: ThreadMessage): void {
  parentPort?.postMessage(message)
}

function sourceAt(address: SourceAddress): Promise<Source> {
  if (address.kind === 'file') return localSource(address.path)
  const { store, key, etag } = address
  return storeSource({ client: createS3Client(store), bucket: store.bucket, key, etag }, stop.signal)
}

try {
  const { url, file, limits, traceparent } = task
  const result = await inSpan('load', { parent: traceparent }, async () =>
    loadFile({
      url,
      file,
      source: await sourceAt(task.address),
      signal: stop.signal,
      ...(limits && { limits }),
      onProgress: progress => tell({ type: 'progress', progress }),
    }),
  )
  tell({ type: 'done', result })
} catch (error) {
  const known: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  tell({ type: 'failed', name: known.name, message: known.message, stack: known.stack, code: known.code })
}
await stopTelemetry()
parentPort?.close()
