/**
 * An organisation and a key of it, for an installation that has none yet: by default of its operator, who makes the other
 * organisations and keys over REST. Needs DATABASE_URL of glimmr_core.
 */
import { roles } from '@glimmr/lib/api-keys'
import { misused, readOptions, runCommand } from '@glimmr/lib/command'
import { readConfig } from '@glimmr/lib/config'
import { databaseUrl } from '@glimmr/lib/database-url'
import { createPool, transaction } from '@glimmr/lib/db'
import { z } from 'zod'
import { ensureOrganisation, issueKey } from './api-keys/issue-key.ts'

const help = `Makes an API key without one, and prints it: the first of an installation.

  DATABASE_URL=… npm run first-key -- --organisation NAME [--role ROLE …]

  --organisation NAME  whose key it is; made if there is none of this name
  --role ROLE          ${roles.join(', ')}; again for more; admin and operator if left out
  --help               this text

DATABASE_URL is that of the role glimmr_core.`

const given = readOptions(
  {
    organisation: { type: 'string' },
    role: { type: 'string', multiple: true, default: ['admin', 'operator'] },
  },
  help,
)
const name = given.organisation?.trim() || misused('--organisation is missing', help)
const known = given.role.map(
  asked => roles.find(role => role === asked) ?? misused(`There is no role ${asked}`, help),
)

await runCommand(async () => {
  // biome-ignore lint/style/noProcessEnv: a command's edge
  const { DATABASE_URL: url } = readConfig(z.object({ DATABASE_URL: databaseUrl }), process.env)
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
})
