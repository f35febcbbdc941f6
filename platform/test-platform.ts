/** A platform for the tests of the whole, on a data folder of the test file's own. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testFolder } from '@glimmr/dev/test-folder'
import { GraphQLClient } from 'graphql-request'
import type { PlatformFile } from './data-folder.ts'
import { type Platform, startPlatform } from './platform.ts'

export type Price = {
  negotiated_dollar: number | null
  payer: string | null
  hospital: { name: string }
  file: { id: number; row: number; last_updated_on: string }
}
export type Page = { prices: Price[]; next_cursor: string | null }

export const sample = fileURLToPath(
  new URL('../dev/samples/041000001_river-valley-hospital_standardcharges.csv', import.meta.url),
)

export type TestPlatform = {
  dataDir: string
  start(options?: {
    samples?: boolean
    port?: number
    opsPort?: number
    env?: Record<string, string>
  }): Promise<Platform>
}

/** `start` may be called again and again: it is the same data folder, removed when the test file ends. */
export function testPlatform(t: { teardown(handler: () => unknown): void }): TestPlatform {
  const dataDir = join(testFolder(), `glimmr platform ${process.pid}`)
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const fixed = { storePort: 0, opsPort: 0, dataDir, verbose: false, say: () => {} }
  return { dataDir, start: options => startPlatform({ ...fixed, port: 0, samples: true, ...options }) }
}

export function graphql(file: PlatformFile, key: string): GraphQLClient {
  return new GraphQLClient(`${file.gateway_url}/v1/links/graphql`, {
    headers: { authorization: `Bearer ${key}` },
  })
}
