/** The data folder: one running platform at a time, its secrets, and platform.json for the tools that talk to it. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { alive, commandOf } from '@glimmr/dev/postgres-process'
import { z } from 'zod'

export type KeyName = 'admin' | 'uploader' | 'partner' | 'viewer'

/** What platform.json tells. Mode 0600: it holds keys. */
export type PlatformFile = {
  gateway_url: string
  store_url: string
  /** Metrics and health of every service, on loopback. */
  ops_url: string
  postgres_url: string
  keys: Record<KeyName, string>
  pid: number
}

/** What must stay the same from start to start. */
const secretsSchema = z.object({
  store_access_key_id: z.string(),
  store_secret_access_key: z.string(),
  keys: z
    .object({
      admin: z.string(),
      uploader: z.string(),
      partner: z.string(),
      viewer: z.string(),
      store: z.string(),
    })
    .partial(),
})
export type Secrets = z.infer<typeof secretsSchema>

/** Others may pass through (PostgreSQL's account has to), but what is private inside has a mode of its own. */
export async function claimDataFolder(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 })
  const file = join(dataDir, 'glimmr.pid')
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600)
      await handle.writeFile(`${process.pid} ${performance.timeOrigin}`)
      await handle.close()
      return () => rm(file, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const [pid = 0, began] = (await readFile(file, 'utf8').catch(() => '')).split(' ').map(Number)
    // A container gives every start the same pid: then the time tells a former start from this one.
    const lives =
      pid === process.pid
        ? began === performance.timeOrigin
        : pid > 0 && alive(pid) && /node/.test(commandOf(pid))
    if (lives)
      throw new Error(
        `Glimmr is running on ${dataDir} already (process ${pid}).\nStop it, or choose another folder with --data and other ports with --port and --store-port.`,
      )
    await rm(file, { force: true }) // left by a process that was killed
  }
}

export async function readSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text !== undefined) {
    const parsed = secretsSchema.safeParse(JSON.parse(text))
    if (parsed.success) return parsed.data
    throw new Error(
      `${file} is damaged (${parsed.error.issues[0]?.message}): restore it, or start with another --data`,
    )
  }
  const made: Secrets = {
    store_access_key_id: `glimmr${randomBytes(7).toString('hex')}`,
    store_secret_access_key: randomBytes(30).toString('base64url'),
    keys: {},
  }
  await writeSecrets(dataDir, made)
  return made
}

export function writeSecrets(dataDir: string, secrets: Secrets): Promise<void> {
  return writePrivate(join(dataDir, 'secrets.json'), secrets)
}

export function writePlatformFile(dataDir: string, content: PlatformFile): Promise<void> {
  return writePrivate(join(dataDir, 'platform.json'), content)
}

/** Whole or not at all: a kill between the two steps leaves the old file. */
async function writePrivate(file: string, content: object): Promise<void> {
  const next = `${file}.next`
  await rm(next, { force: true })
  await writeFile(next, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(next, file)
}
