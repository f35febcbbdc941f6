/** What `make start` prints: where everything is, the keys, and three calls to paste. */
import { resolve } from 'node:path'
import type { PlatformFile } from './data-folder.ts'

export function banner(platform: PlatformFile, seconds: number, dataDir: string): string {
  const { gateway_url: url, keys } = platform
  const own = dataDir === resolve('.data') ? '' : ` --data '${dataDir}'`
  const query =
    '{ rates(where: {charge: {item: {codes: {code_normalised: {_eq: \\"70551\\"}}}}}, order_by: {negotiated_dollar: asc}) { negotiated_dollar payer { name } plan { name } file { hospital_name } } }'
  return `
Glimmr is up after ${seconds.toFixed(1)} s.

  gateway   ${url}
  store     ${platform.store_url}
  metrics   ${platform.ops_url}
  GraphiQL  ${platform.ops_url}/graphiql
  postgres  ${platform.postgres_url}
  data      ${dataDir}   (platform.json has all of this, glimmr.log the logs)

  admin     ${keys.admin}
  uploader  ${keys.uploader}
  partner   ${keys.partner}

What does an MRI of the brain (CPT 70551) cost? Over REST:

  curl -s -H 'Authorization: Bearer ${keys.partner}' '${url}/v1/core/prices?code=70551'

Over GraphQL, cheapest first:

  curl -s -H 'Authorization: Bearer ${keys.partner}' -H 'content-type: application/json' \\
    -d '{"query":"${query}"}' ${url}/v1/links/graphql

Which files are these prices from?

  curl -s -H 'Authorization: Bearer ${keys.partner}' ${url}/v1/core/files

Your own file: npm run upload -- FILE${own}        Ctrl-C stops everything.
All of this is for this machine only: nothing listens for the network. How to serve others: README, Production.
`
}
