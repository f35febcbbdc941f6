/** `npm run migrate`: DATABASE_URL (an owner's), and a password for each service role by its variable. */
import { readConfig } from '@glimmr/lib/config'
import { z } from 'zod'
import { migrate } from './migrate.ts'

const config = readConfig(
  z.object({
    DATABASE_URL: z.string(),
    GLIMMR_CORE_PASSWORD: z.string().optional(),
    GLIMMR_MEDIA_PASSWORD: z.string().optional(),
    GLIMMR_PIPELINE_PASSWORD: z.string().optional(),
    GLIMMR_LINKS_PASSWORD: z.string().optional(),
    GLIMMR_AUTH_PASSWORD: z.string().optional(),
  }),
  process.env,
)

const passwords = {
  ...(config.GLIMMR_CORE_PASSWORD && { glimmr_core: config.GLIMMR_CORE_PASSWORD }),
  ...(config.GLIMMR_MEDIA_PASSWORD && { glimmr_media: config.GLIMMR_MEDIA_PASSWORD }),
  ...(config.GLIMMR_PIPELINE_PASSWORD && { glimmr_pipeline: config.GLIMMR_PIPELINE_PASSWORD }),
  ...(config.GLIMMR_LINKS_PASSWORD && { glimmr_links: config.GLIMMR_LINKS_PASSWORD }),
  ...(config.GLIMMR_AUTH_PASSWORD && { glimmr_auth: config.GLIMMR_AUTH_PASSWORD }),
}
const applied = await migrate({ url: config.DATABASE_URL, passwords })
console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply')
