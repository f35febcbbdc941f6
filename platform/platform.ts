/** Everything in one process: what production runs on several machines, from the same files. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createPool } from '@glimmr/lib/db'
import { createLogLines } from '@glimmr/lib/log-lines'
import { pino } from 'pino'
import {
  claimDataFolder,
  type PlatformFile,
  readSecrets,
  writePlatformFile,
  writeSecrets,
} from './data-folder.ts'
import { startDatabase } from './database.ts'
import { ensureKeys } from './keys.ts'
import type { Options } from './options.ts'
import { holdPort } from './ports.ts'
import { publishSamples } from './samples.ts'
import { startServices } from './services.ts'
import { readSettings } from './settings.ts'
import { startStore } from './store.ts'

export type PlatformOptions = Options & {
  /** Progress, a sentence at a time. */
  say: (message: string) => void
  /** Settings of the services, and what the route files see as `{{ env "…" }}`. */
  env?: Record<string, string | undefined>
  /** Aborted: the start goes no further. */
  signal?: AbortSignal
}

export type Platform = {
  file: PlatformFile
  /** Rejects when the platform cannot go on. */
  failed: Promise<never>
  /** Requests under way end, jobs are given back, then store and database close. A second call waits for the first. */
  stop(): Promise<void>
}

type Stop = () => Promise<unknown>

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const stops: Stop[] = []
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= stopAll(stops)
    return stopped
  }
  try {
    return await start(options, stops, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(options: PlatformOptions, stops: Stop[], stop: () => Promise<void>): Promise<Platform> {
  const { dataDir, say, signal, env = {} } = options
  stops.push(await claimDataFolder(dataDir))
  await rm(join(dataDir, 'platform.json'), { force: true })
  const storePort = await holdPort(options.storePort, '--store-port')
  stops.push(storePort.release)
  const port = await holdPort(options.port, '--port')
  stops.push(port.release)
  const opsPort = await holdPort(options.opsPort, '--ops-port')
  stops.push(opsPort.release)
  const gatewayUrl = `http://127.0.0.1:${port.port}`
  const settings = readSettings(env, { PUBLIC_URL: gatewayUrl, KEYS_DIR: join(dataDir, 'auth-keys') })
  const secrets = await readSecrets(dataDir)
  const lines = createLogLines(options.verbose ? {} : { dest: join(dataDir, 'glimmr.log'), mode: 0o600 })
  stops.push(async () => lines.flush())
  const log = pino({ ...pinoOptions, level: settings.auth.LOG_LEVEL }, lines)
  const database = await startDatabase(dataDir, say)
  stops.push(database.stop)
  signal?.throwIfAborted()

  const corePool = createPool({ url: database.url('glimmr_core'), name: 'glimmr_start', max: 1 })
  const { store: storeKey, ...keys } = await ensureKeys(corePool, secrets.keys).finally(() => corePool.end())
  await writeSecrets(dataDir, { ...secrets, keys: { ...keys, store: storeKey } })
  const store = await startStore({ dataDir, port: storePort, secrets, gatewayUrl, key: storeKey, log })
  stops.push(store.close)
  const services = await startServices({
    port,
    opsPort,
    gatewayUrl,
    s3: store.s3,
    database,
    log,
    settings,
    env,
  })
  stops.push(services.stop)
  signal?.throwIfAborted()

  const file: PlatformFile = {
    gateway_url: gatewayUrl,
    store_url: store.s3.endpoint,
    ops_url: services.opsUrl,
    postgres_url: database.url(),
    keys,
    pid: process.pid,
  }
  if (options.samples) await publishSamples(file, { say, signal })
  await writePlatformFile(dataDir, file)
  stops.push(() => rm(join(dataDir, 'platform.json'), { force: true }))
  return { file, failed: database.failed, stop }
}

const pinoOptions = { formatters: { level: (label: string) => ({ level: label }) } }

/** In the reverse order of the start; one that fails does not keep the others from stopping. */
async function stopAll(stops: Stop[]): Promise<void> {
  const faults: unknown[] = []
  for (const stop of stops.toReversed())
    await stop().catch(error => {
      faults.push(error)
    })
  if (faults.length > 0) throw new AggregateError(faults, 'not everything stopped cleanly')
}
