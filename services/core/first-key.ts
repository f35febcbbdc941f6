/**
 * `node services/core/first-key.ts --organisation NAME [--role ROLE …]`: an organisation and a key of it, for an installation
 * that has none yet: by default of its operator, who makes the other organisations and keys over REST. Needs DATABASE_URL of
 * glimmr_core.
 */
import { parseArgs } from 'node:util'
import { roles } from '@glimmr/lib/api-keys'
import { readConfig } from '@glimmr/lib/config'
import { createPool, transaction } from '@glimmr/lib/db'
import { z } from 'zod'
import { ensureOrganisation, issueKey } from './api-keys/issue-key.ts'

const { values } = parseArgs({
  options: {
    organisation: { type: 'string' },
    role: { type: 'string', multiple: true, default: ['admin', 'operator'] },
  },
})
const { organisation: name } = values
const given = values.role.map(asked => roles.find(known => known === asked))
const known = given.filter(role => role !== undefined)
if (!name || known.length < given.length) {
  console.error(`node services/core/first-key.ts --organisation NAME [--role ${roles.join('|')} …]`)
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
      name: `first ${known.join(' and ')} key`,
      roles: known,
      createdBy: 'first-key',
    })
  })
  console.log(key)
} finally {
  await pool.end()
}
