/** `npm run migrate`: DATABASE_URL (an owner's), and a password for each service role by its variable. */
import { readOptions, runCommand } from '@glimmr/lib/command'
import { readConfig } from '@glimmr/lib/config'
import { databaseUrl } from '@glimmr/lib/database-url'
import { z } from 'zod'
import { migrate, type ServiceRole, serviceRoles } from './migrate.ts'

readOptions(
  {},
  `Brings a database up to db/migrations, in order; what was applied is left alone.

  DATABASE_URL=… npm run migrate

DATABASE_URL is that of a role that may create roles and schemas. The roles of the services are given GLIMMR_CORE_PASSWORD,
GLIMMR_MEDIA_PASSWORD, GLIMMR_PIPELINE_PASSWORD, GLIMMR_LINKS_PASSWORD and GLIMMR_AUTH_PASSWORD, and keep what they have where
one is not set.`,
)

await runCommand(async () => {
  const passwordOf = (role: ServiceRole) => `${role.toUpperCase()}_PASSWORD`
  const schema = z.object({
    DATABASE_URL: databaseUrl,
    ...Object.fromEntries(serviceRoles.map(role => [passwordOf(role), z.string().optional()])),
  })
  const config: Record<string, string | undefined> = readConfig(schema, process.env)
  const passwords = Object.fromEntries(
    serviceRoles.flatMap(role => {
      const password = config[passwordOf(role)]
      return password ? [[role, password]] : []
    }),
  )
  const applied = await migrate({ url: config.DATABASE_URL ?? '', passwords })
  console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply')
})
