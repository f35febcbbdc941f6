/** Two small price files, taken in as any uploader's: presigned, PUT, completed, loaded, published. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PlatformFile } from './data-folder.ts'
import { call, complete, presign, untilEnded } from './journey-client.ts'

const folder = fileURLToPath(new URL('../dev/samples/', import.meta.url))

export type SampleOptions = { say: (message: string) => void; signal?: AbortSignal | undefined }

/** Unless prices are there already: from an earlier start, or somebody's own. */
export async function publishSamples(platform: PlatformFile, { say, signal }: SampleOptions): Promise<void> {
  const url = `${platform.gateway_url}/v1/core/files?limit=1`
  const { body } = await call<{ files: unknown[] }>(url, { key: platform.keys.partner })
  if (body.files.length > 0) return
  const names = (await readdir(folder)).sort()
  // One after the other: two loads at once take twice the memory, for a tenth of a second.
  for (const name of names) await publish(platform, name, { say, signal })
}

async function publish(platform: PlatformFile, name: string, { say, signal }: SampleOptions): Promise<void> {
  const path = join(folder, name)
  const presigned = await presign(platform, path)
  const body = await readFile(path)
  const stored = await fetch(presigned.url, { method: presigned.method, headers: presigned.headers, body })
  if (!stored.ok)
    throw new Error(`the store refused the sample ${name}: ${stored.status} ${await stored.text()}`)
  await complete(platform, presigned.upload_id)
  const { status, progress, reasons } = await untilEnded(platform, presigned.upload_id, {
    timeoutMs: 60_000,
    signal,
  })
  if (status !== 'published' && status !== 'already_loaded')
    throw new Error(`the sample ${name} was ${status}: ${reasons.map(reason => reason.message).join('; ')}`)
  say(`sample ${name}: ${progress.rows_loaded} rows published`)
}
