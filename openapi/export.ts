/** `npm run openapi`: writes the documents into this folder. */
import { writeFile } from 'node:fs/promises'
import { documentFile, openapiText, services } from './documents.ts'

for (const service of services) {
  await writeFile(documentFile(service), await openapiText(service))
  console.log(`openapi/${service}.json`)
}
