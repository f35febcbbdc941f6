/** What links reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { z } from 'zod'

const variables = z.object({
  ...serviceVariables(3003),
  /** What short links begin with: the gateway as people reach it. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://localhost:8080'),
  /** A folder of Hasura metadata (v3) for the embedded engine. */
  METADATA_DIR: z.string().default('hasura/metadata'),
  /** A real Hasura to forward GraphQL to, instead of the embedded engine. */
  HASURA_URL: z.preprocess(text => text || undefined, z.url({ protocol: /^https?$/ }).optional()),
  /** Hosts that links of kind url may lead to, besides that of PUBLIC_URL: `example.org,*.example.com,localhost:5173`. */
  LINK_HOSTS: z.string().default(''),
  /** Redirects a minute for one address. */
  LINK_LIMIT: z.coerce.number().int().min(1).default(6_000),
  /** Addresses and networks whose X-Forwarded-For is believed: `10.0.0.0/8,192.168.1.7`. */
  TRUSTED_PROXIES: z.string().default('127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7'),
})

export function readLinksConfig(env: Environment) {
  const read = readConfig(variables, env)
  return {
    ...read,
    publicUrl: read.PUBLIC_URL,
    ...(read.HASURA_URL === undefined ? { metadataDir: read.METADATA_DIR } : { hasuraUrl: read.HASURA_URL }),
    linkHosts: listed(read.LINK_HOSTS),
    redirectsPerMinute: read.LINK_LIMIT,
    trustedProxies: listed(read.TRUSTED_PROXIES),
  }
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}
