/** Where the metadata goes: `HASURA_URL`, and `HASURA_ADMIN_SECRET` or a file that holds it. */
import { readConfig } from '@glimmr/lib/config'
import { z } from 'zod'

const schema = z.object({
  HASURA_URL: z.url(),
  HASURA_ADMIN_SECRET: z.string().min(1),
})

export type ApplyConfig = { url: string; adminSecret: string }

export function readApplyConfig(env: Record<string, string | undefined> = process.env): ApplyConfig {
  const { HASURA_URL, HASURA_ADMIN_SECRET } = readConfig(schema, env)
  return { url: HASURA_URL.replace(/\/+$/, ''), adminSecret: HASURA_ADMIN_SECRET }
}
