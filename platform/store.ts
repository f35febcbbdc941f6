/** The object store of the platform, and how it tells media what was stored: by the gateway, with a key of its own. */
import { join } from 'node:path'
import { createStore } from '@glimmr/dev/store/server'
import type { S3Config } from '@glimmr/lib/s3'
import type { FastifyBaseLogger } from 'fastify'
import type { Secrets } from './data-folder.ts'
import type { HeldPort } from './ports.ts'

export type StoreOptions = {
  dataDir: string
  port: HeldPort
  secrets: Secrets
  gatewayUrl: string
  /** Of the role `store`. */
  key: string
  log: FastifyBaseLogger
}

export async function startStore({ dataDir, port, secrets, gatewayUrl, key, log }: StoreOptions) {
  const config: Omit<S3Config, 'endpoint'> = {
    region: 'auto',
    bucket: 'glimmr',
    accessKeyId: secrets.store_access_key_id,
    secretAccessKey: secrets.store_secret_access_key,
  }
  const store = await createStore({
    dataDir: join(dataDir, 'store'),
    accessKeyId: config.accessKeyId,
    secretAccessKey: config.secretAccessKey,
    region: config.region,
    buckets: [config.bucket],
    event: { url: `${gatewayUrl}/v1/media/store-events`, authorization: `Bearer ${key}` },
    log: ({ level, msg, ...rest }) => log[level]({ service: 'store', ...rest }, msg),
  })
  await port.release()
  const { url } = await store.listen(port.port)
  const s3: S3Config = { ...config, endpoint: url }
  return { s3, close: store.close }
}
