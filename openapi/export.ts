/** `npm run openapi`: writes the documents into this folder. */
import { writeFile } from 'node:fs/promises'
import { readOptions } from '@glimmr/lib/command'
import { documentFile, openapiText, services } from './documents.ts'

readOptions(
  {},
  `Writes openapi/core.json, media.json and links.json from the routes.

  npm run openapi`,
)

for (const service of services) {
  await writeFile(documentFile(service), await openapiText(service))
  console.log(`openapi/${service}.json`)
}
