/** The recorded vectors: one JSON document a line. */
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { parseExact } from '../exact-json.ts'
import type { Metadata } from '../metadata-types.ts'

export type Step = {
  request?: { method: string; url: string; headers?: Record<string, string | null>; body?: unknown }
  admin_secret?: boolean
  expect?: { status?: number; body?: unknown; any_of?: unknown[] }
  sql?: string
  assert?: { op?: string; src?: string; left?: unknown; right?: unknown }
  [key: string]: unknown
}
export type Vector = {
  id: string
  area: string
  kind: string
  server: { env?: Record<string, string>; args?: string[]; admin_secret?: string; note?: string }
  needs: string[]
  setup: { sql?: string; request?: Step['request'] }[]
  metadata: Metadata
  steps: Step[]
}

export async function readVectors(file: string): Promise<Vector[]> {
  const bytes = await readFile(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').flatMap(line => (line ? [readVector(line)] : []))
}

/** What is sent keeps the digits of its numbers; what is expected is compared as the recording read it, in doubles. */
function readVector(line: string): Vector {
  const vector: Vector = JSON.parse(line)
  const { steps } = parseExact(line) as Vector
  return {
    ...vector,
    steps: vector.steps.map((step, position) => {
      const { request, graphql_equivalent } = steps[position] ?? {}
      return {
        ...step,
        ...(request && { request }),
        ...(graphql_equivalent !== undefined && { graphql_equivalent }),
      }
    }),
  }
}
