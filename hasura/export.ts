/**
 * Writes the metadata of a real Hasura as the folder that apply.ts puts there:
 * `HASURA_URL=… HASURA_ADMIN_SECRET=… npm run metadata:export -- FOLDER`
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Metadata } from '@glimmr/engine/metadata-types'
import { metadataFiles } from '@glimmr/engine/write-metadata'
import { misused, readArguments } from '@glimmr/lib/command'
import { fetch } from 'undici'
import { type ApplyConfig, readApplyConfig } from './config.ts'

/** The names of the files that were written. Throws when the server refuses. */
export async function exportMetadata({ url, adminSecret }: ApplyConfig, folder: string): Promise<string[]> {
  const response = await fetch(`${url}/v1/metadata`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hasura-admin-secret': adminSecret },
    body: JSON.stringify({ type: 'export_metadata', version: 2, args: {} }),
    signal: AbortSignal.timeout(120_000),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer.slice(0, 1000)}`)
  const { metadata }: { metadata: Metadata } = JSON.parse(answer)
  const files = metadataFiles(metadata)
  for (const [name, text] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return [...files.keys()]
}

if (import.meta.main) {
  const help = `Writes the metadata of a real Hasura as the folder that metadata:apply puts there.

  HASURA_URL=… HASURA_ADMIN_SECRET=… npm run metadata:export -- FOLDER`
  const [folder = misused('FOLDER is missing', help)] = readArguments({}, help).positionals
  try {
    const names = await exportMetadata(readApplyConfig(), folder)
    console.log(`${names.length} files in ${folder}`)
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : String(cause))
    process.exitCode = 1
  }
}
