/**
 * Puts `hasura/metadata` into a real Hasura: `HASURA_URL=… HASURA_ADMIN_SECRET=… npm run metadata:apply`
 *
 * Waits until the server is healthy, replaces its metadata as a whole, prints what is inconsistent and ends with 1 if
 * anything is. Source: https://hasura.io/docs/2.0/api-reference/metadata-api/manage-metadata/#metadata-replace-metadata
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readMetadata } from '@glimmr/engine/metadata'
import { readOptions } from '@glimmr/lib/command'
import { fetch } from 'undici'
import { type ApplyConfig, readApplyConfig } from './config.ts'

export type Inconsistent = { name: string; reason: string }
export type ApplyOptions = ApplyConfig & {
  metadataDir: string
  /** How long the server may take to become healthy. */
  waitMs?: number
  log?: (line: string) => void
}

/** What the server could not make consistent; empty when all is well. Throws when it refuses the whole. */
export async function applyMetadata({
  url,
  adminSecret,
  metadataDir,
  waitMs = 60_000,
  log = () => {},
}: ApplyOptions): Promise<Inconsistent[]> {
  const { metadata, inconsistencies } = await readMetadata(metadataDir)
  const [broken] = inconsistencies
  if (broken) throw new Error(`${broken.name}: ${broken.reason}`)
  await healthy(url, waitMs)
  log(`replacing the metadata of ${url}`)
  const response = await fetch(`${url}/v1/metadata`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hasura-admin-secret': adminSecret },
    body: JSON.stringify({
      type: 'replace_metadata',
      version: 2,
      args: { allow_inconsistent_metadata: true, metadata },
    }),
    signal: AbortSignal.timeout(120_000),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer.slice(0, 1000)}`)
  return inconsistentObjects(JSON.parse(answer))
}

async function healthy(url: string, waitMs: number): Promise<void> {
  const end = Date.now() + waitMs
  let reason = 'no answer'
  do {
    try {
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) })
      await response.arrayBuffer()
      // 200 also with inconsistent metadata, which is about to be replaced.
      if (response.ok) return
      reason = `status ${response.status}`
    } catch (cause) {
      reason = cause instanceof Error ? cause.message : String(cause)
    }
    await wait(Math.min(500, Math.max(0, end - Date.now())))
  } while (Date.now() < end)
  throw new Error(`${url} is not healthy after ${Math.round(waitMs / 1000)} s: ${reason}`)
}

function inconsistentObjects(answer: unknown): Inconsistent[] {
  if (typeof answer !== 'object' || answer === null || !('inconsistent_objects' in answer)) return []
  const { inconsistent_objects: objects } = answer
  if (!Array.isArray(objects)) return []
  return objects.map(({ name, reason }) => ({ name: String(name), reason: String(reason) }))
}

if (import.meta.main) {
  readOptions(
    {},
    `Puts hasura/metadata into a real Hasura, in place of the metadata that it has.

  HASURA_URL=… HASURA_ADMIN_SECRET=… npm run metadata:apply

Ends with 1 if anything in it is inconsistent there, and says what.`,
  )
  try {
    const metadataDir = join(import.meta.dirname, 'metadata')
    const found = await applyMetadata({ ...readApplyConfig(), metadataDir, log: line => console.log(line) })
    for (const { name, reason } of found) console.error(`inconsistent: ${name}: ${reason}`)
    if (found.length === 0) console.log('the metadata is applied and consistent')
    process.exitCode = found.length === 0 ? 0 : 1
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : String(cause))
    process.exitCode = 1
  }
}
