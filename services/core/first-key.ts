/**
 * `node services/core/first-key.ts --organisation NAME [--role admin]`: an organisation and a key of it, for an
 * installation that has none yet. With it, POST /v1/core/api-keys makes the others. Needs DATABASE_URL of glimmr_core.
 */
import { parseArgs } from 'node:util'
import { roles } from '@glimmr/lib/api-keys'
import { readConfig } from '@glimmr/lib/config'
import { createPool, transaction } from '@glimmr/lib/db'
import { z } from 'zod'
import { ensureOrganisation, issueKey } from './api-keys/issue-key.ts'

const { values } = parseArgs({
  options: { organisation: { type: 'string' }, role: { type: 'string', default: 'admin' } },
})
const { organisation: name } = values
const role = roles.find(known => known === values.role)
if (!name || !role) {
  console.error(`node services/core/first-key.ts --organisation NAME [--role ${roles.join('|')}]`)
  process.exit(2)
}
// biome-ignore lint/style/noProcessEnv: a command's edge
const { DATABASE_URL: url } = readConfig(z.object({ DATABASE_URL: z.string() }), process.env)
const pool = createPool({ url, name: 'glimmr_first_key', max: 1 })
try {
  const key = await transaction(pool, async client => {
    const organisation = await ensureOrganisation(client, name)
    return issueKey(client, {
      organisation,
      name: `first ${role} key`,
      roles: [role],
      createdBy: 'first-key',
    })
  })
  console.log(key)
} finally {
  await pool.end()
}
