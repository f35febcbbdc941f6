/** The loading thread: one file after the other, until it is told to end. Started by thread.ts only. */

import { parentPort } from 'node:worker_threads'
import { createS3Client } from '@glimmr/lib/s3'
import { inSpan, stopTelemetry } from '@glimmr/lib/telemetry'
import { openKernel } from '../kernel/kernel.ts'
import { localSource, type Source } from '../source/source.ts'
import { storeSource } from '../source/store-object.ts'
import { type LoadResult, loadFile } from './load-file.ts'
import type { FromThread, SourceAddress, ThreadTask, ToThread } from './thread.ts'

/** Kept from file to file: V8 need not compile anew what goes through it. */
const kernel = openKernel()
let stop = new AbortController()

parentPort?.on('message', async (message: ToThread) => {
  if (message.type === 'abort') return stop.abort(new Error('the load was stopped'))
  if (message.type === 'load') return tell(await answer(message.task))
  await stopTelemetry()
  parentPort?.close()
})

function tell(message: FromThread): void {
  parentPort?.postMessage(message)
}

async function answer(task: ThreadTask): Promise<FromThread> {
  stop = new AbortController()
  try {
    const { traceparent } = task
    const result = await inSpan('load', { parent: traceparent }, () => load(task, stop.signal))
    return { type: 'done', result }
  } catch (error) {
    const known: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
    return {
      type: 'failed',
      name: known.name,
      message: known.message,
      stack: known.stack,
      code: known.code,
    }
  }
}

async function load({ url, file, limits, address }: ThreadTask, signal: AbortSignal): Promise<LoadResult> {
  const { source, close } = await open(address, signal)
  try {
    return await loadFile({
      url,
      file,
      source,
      signal,
      kernel,
      ...(limits && { limits }),
      onProgress: progress => tell({ type: 'progress', progress }),
    })
  } finally {
    close()
  }
}

async function open(
  address: SourceAddress,
  signal: AbortSignal,
): Promise<{ source: Source; close: () => void }> {
  if (address.kind === 'file') return { source: await localSource(address.path), close: () => {} }
  const { store, key, etag } = address
  const client = createS3Client(store)
  try {
    const source = await storeSource({ client, bucket: store.bucket, key, etag }, signal)
    return { source, close: () => client.destroy() }
  } catch (error) {
    client.destroy()
    throw error
  }
}
