/** The exporting thread: one export, then the end. Started by thread.ts only. */
import { parentPort, workerData } from 'node:worker_threads'
import { createPool } from '@glimmr/lib/db'
import { encode } from './formats.ts'
import { readRows } from './read-rows.ts'
import type { ExportAsk, ExportMessage, ExportTask, FailedExport } from './thread.ts'

/** Chunks made ahead of the reader. */
let credits = 2
let wake: (() => void) | undefined
const stop = new AbortController()

parentPort?.on('message', (ask: ExportAsk) => {
  if (ask === 'stop') stop.abort(new Error('the export was stopped'))
  else credits++
  wake?.()
})

async function credit(): Promise<void> {
  while (credits === 0 && !stop.signal.aborted)
    await new Promise<void>(resolve => {
      wake = resolve
    })
  credits--
}

function tell(message: ExportMessage, bytes?: ArrayBuffer): void {
  parentPort?.postMessage(message, bytes ? [bytes] : [])
}

const { url, file, format, codeType, metadata } = workerData as ExportTask
const pool = createPool({ url, name: 'glimmr_export', max: 2 })
try {
  const rows = readRows(pool, file, { signal: stop.signal, codeType })
  for await (const chunk of encode(rows, format, metadata)) {
    if (chunk.length === 0) continue
    await credit()
    stop.signal.throwIfAborted()
    const bytes = new Uint8Array(chunk) // its own memory: small buffers share theirs
    tell({ type: 'chunk', bytes }, bytes.buffer)
  }
  tell({ type: 'done' })
} catch (error) {
  tell({ type: 'failed', error: told(error) })
} finally {
  await pool.end()
  parentPort?.close()
}

function told(error: unknown): FailedExport {
  if (!(error instanceof Error)) return { message: String(error) }
  const { message, code, syscall }: NodeJS.ErrnoException = error
  return { message, code, syscall }
}
