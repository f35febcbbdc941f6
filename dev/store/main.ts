import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createStore, type StoreOptions } from './server.ts'

const help = `The object store alone: S3 over HTTP, bytes in a folder.

  npm run store -- --port 9000 --data .data/store

  --port N                 default 9000; 0 takes a free one
  --host ADDRESS           default 127.0.0.1
  --data DIR               default .data/store
  --access-key-id ID       or STORE_ACCESS_KEY_ID
  --secret-access-key KEY  or STORE_SECRET_ACCESS_KEY (better: arguments can be read by every user of the machine)
                           without both, a pair is made at the first start and kept in DIR/keys.json
  --bucket NAME            made if absent; may be repeated; default glimmr
  --region NAME            default auto
  --cors-origin ORIGIN     may be repeated; default *
  --event-url URL          is sent a POST for every new object
  --event-key KEY          its bearer key, or STORE_EVENT_KEY
  --help
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9000' },
      host: { type: 'string', default: '127.0.0.1' },
      data: { type: 'string', default: '.data/store' },
      'access-key-id': { type: 'string' },
      'secret-access-key': { type: 'string' },
      bucket: { type: 'string', multiple: true, default: ['glimmr'] },
      region: { type: 'string', default: 'auto' },
      'cors-origin': { type: 'string', multiple: true, default: ['*'] },
      'event-url': { type: 'string' },
      'event-key': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error('--port must be a number from 0 to 65535.')
  const options = {
    ...values,
    accessKeyId: values['access-key-id'],
    secretAccessKey: values['secret-access-key'],
  }
  await serve(await storeOptions(options), { port, host: values.host })
}

type Values = {
  data: string
  bucket: string[]
  region: string
  'cors-origin': string[]
  'event-url'?: string | undefined
  'event-key'?: string | undefined
  accessKeyId: string | undefined
  secretAccessKey: string | undefined
}

async function storeOptions(values: Values): Promise<StoreOptions> {
  const { STORE_ACCESS_KEY_ID, STORE_SECRET_ACCESS_KEY, STORE_EVENT_KEY } = process.env
  const accessKeyId = values.accessKeyId ?? STORE_ACCESS_KEY_ID
  const secretAccessKey = values.secretAccessKey ?? STORE_SECRET_ACCESS_KEY
  const url = values['event-url']
  const authorization = `Bearer ${values['event-key'] ?? STORE_EVENT_KEY ?? ''}`
  return {
    dataDir: values.data,
    ...(accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : await keptKeys(values.data)),
    buckets: values.bucket,
    region: values.region,
    corsOrigins: values['cors-origin'],
    ...(url ? { event: { url: new URL(url).href, authorization } } : {}),
    log: entry => process.stdout.write(`${JSON.stringify({ time: Date.now(), ...entry })}\n`),
  }
}

/** A pair of keys that stays the same over restarts, readable by the owner of the folder alone. */
async function keptKeys(dir: string): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const path = join(dir, 'keys.json')
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept)
  const keys = {
    accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
    secretAccessKey: randomBytes(30).toString('base64url'),
  }
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  process.stdout.write(`Made a pair of keys: ${path}\n`)
  return keys
}

async function serve(options: StoreOptions, address: { port: number; host: string }): Promise<void> {
  const store = await createStore(options)
  try {
    const { url } = await store.listen(address.port, address.host)
    process.stdout.write(`The object store listens on ${url} (buckets: ${options.buckets.join(', ')}).\n`)
  } catch (error) {
    await store.close()
    throw error
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void store.close())
}

main().catch((error: NodeJS.ErrnoException) => {
  const inUse = error.code === 'EADDRINUSE' ? ' Another program uses that port; choose one with --port.' : ''
  process.stderr.write(`${error.message}${inUse}\n`)
  process.exitCode = 1
})
