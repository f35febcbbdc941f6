/** The data folder: one running platform at a time, its secrets, and platform.json for the tools that talk to it. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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
  const file = join(dataDir, 'glimmr.pid')
  await makeFolder(dataDir).catch(error => cannotWrite(dataDir, error))
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600)
      try {
        await handle.writeFile(`${process.pid} ${performance.timeOrigin}`)
      } catch (error) {
        await rm(file, { force: true })
        throw error
      } finally {
        await handle.close()
      }
      return () => rm(file, { force: true })
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') cannotWrite(dataDir, error)
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

/** Step by step: Node's own `recursive` never comes back from /proc. */
async function makeFolder(dir: string): Promise<void> {
  const missing: string[] = []
  for (let at = dir; !(await exists(at)); at = dirname(at)) missing.unshift(at)
  for (const at of missing)
    await mkdir(at, 0o755).catch(error => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  if (!(await stat(dir)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return false
    throw error
  }
}

const reasons: Record<string, string> = {
  ENOTDIR: 'it is a file, or below one',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOENT: 'no folder can be made there',
}

function cannotWrite(dir: string, error: unknown): never {
  const reason = reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
  throw new Error(`Glimmr cannot write to ${dir}: ${reason}. Choose another folder with --data.`, {
    cause: error,
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
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
