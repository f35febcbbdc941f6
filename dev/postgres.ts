/**
 * Starts the real PostgreSQL 18 from npm on a private Unix socket, without pg_ctl and without a port.
 *
 * Everybody who can enter the socket's folder (mode 0700) is trusted; nobody else can reach the server at all.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Account, postgresAccount } from './postgres-account.ts'
import { postgresBinaries, reachable } from './postgres-binaries.ts'
import { alive, runningPostmaster, stopPostmaster } from './postgres-process.ts'

const run = promisify(execFile)
export const superuser = 'glimmr'

export type PostgresOptions = {
  /** Made when it is not there. A symbolic link stands here if the server's account cannot reach the place. */
  dataDir: string
  /** Further settings: `{ fsync: 'off' }`. */
  settings?: Record<string, string>
  log?: (message: string) => void
}

export type Postgres = {
  pid: number
  socketDir: string
  url(database: string, role?: string): string
  /** Resolves when the server has ended, for whatever reason. */
  ended: Promise<void>
  stop(): Promise<void>
}

const defaults: Record<string, string> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '128MB',
  effective_cache_size: '2GB',
  maintenance_work_mem: '64MB',
  max_wal_size: '2GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  // What one machine with one small database does not need: processes for asynchronous reads and for replication.
  io_method: 'sync',
  max_logical_replication_workers: '0',
  logging_collector: 'off',
  log_min_messages: 'warning',
}

export async function startPostgres({
  dataDir,
  settings = {},
  log = () => {},
}: PostgresOptions): Promise<Postgres> {
  const account = await postgresAccount()
  const binaries = await postgresBinaries(account)
  const folder = await preparedFolder(resolve(dataDir), account, log)
  const left = runningPostmaster(folder)
  if (left) {
    log(`stopping the PostgreSQL (process ${left}) that an earlier start left behind`)
    await stopPostmaster(left)
  }
  await initialise({ binaries, folder, account, sync: settings.fsync !== 'off' })
  const socketDir = await privateSocketDir(folder, account)
  const url = (database: string, role: string = superuser) =>
    `postgresql://${role}@/${database}?host=${encodeURIComponent(socketDir)}`
  const child = await launch({ binaries, folder, socketDir, account, settings: { ...defaults, ...settings } })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const pid = await ready(child, url('postgres'), `${folder}.log`)
  return { pid, socketDir, url, ended, stop: () => stopServer(pid, socketDir) }
}

/** The server a test run or a crash left on this folder, if it is there and answers. */
export async function adoptPostgres(dataDir: string): Promise<Postgres | undefined> {
  const folder = await realpath(dataDir).catch(() => undefined)
  const pid = folder && runningPostmaster(folder)
  if (!folder || !pid) return undefined
  const socketDir = socketFolder(folder)
  const url = (database: string, role: string = superuser) =>
    `postgresql://${role}@/${database}?host=${encodeURIComponent(socketDir)}`
  await answered(url('postgres'), () => alive(pid))
  return { pid, socketDir, url, ended: new Promise(() => {}), stop: () => stopServer(pid, socketDir) }
}

async function stopServer(pid: number, socketDir: string): Promise<void> {
  await stopPostmaster(pid)
  // Unless the next server is in it already.
  await rmdir(socketDir).catch(() => undefined)
}

/** A place for the data that the server's account can reach; `dataDir` itself wherever that is possible. */
async function preparedFolder(dataDir: string, account: Account | undefined, log: (message: string) => void) {
  await mkdir(dirname(dataDir), { recursive: true })
  const known = await realpath(dataDir).catch(() => undefined)
  const folder = known ?? (await newFolder(dataDir, account, log))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (account) await chown(folder, account.uid, account.gid)
  return realpath(folder)
}

async function newFolder(dataDir: string, account: Account | undefined, log: (message: string) => void) {
  if (!account || (await reachable(dirname(dataDir), account))) return dataDir
  const key = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
  const folder = join('/var/lib/glimmr', key)
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 })
  await rm(dataDir, { force: true })
  await symlink(folder, dataDir)
  log(`${dirname(dataDir)} is closed to PostgreSQL's account: its data are in ${folder}`)
  return folder
}

type Initialise = { binaries: string; folder: string; account: Account | undefined; sync: boolean }

async function initialise({ binaries, folder, account, sync }: Initialise): Promise<void> {
  const complete = join(folder, 'glimmr-initialised')
  if (await lstat(complete).catch(() => undefined)) return
  // What a killed initdb left is no database yet.
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
  const args = [
    '-D',
    folder,
    '-U',
    superuser,
    '--auth=trust',
    '--encoding=UTF8',
    ...(sync ? [] : ['--no-sync']),
  ]
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
  await run(join(binaries, 'bin/initdb'), [...args, ...locale], {
    ...account,
    cwd: '/',
    env: { LC_ALL: 'C' },
  })
  await writeFile(complete, '')
}

/** A socket's path may be 104 bytes at most, so it does not live in the data folder. */
function socketFolder(folder: string): string {
  return join(tmpdir(), `glimmr-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`)
}

async function privateSocketDir(folder: string, account: Account | undefined): Promise<string> {
  const path = socketFolder(folder)
  const owner = account?.uid ?? process.getuid?.()
  await mkdir(path, { mode: 0o700 }).catch(() => undefined)
  const found = await lstat(path)
  if (account && found.uid === process.getuid?.()) await chown(path, account.uid, account.gid)
  else if (!found.isDirectory() || found.uid !== owner || (found.mode & 0o077) !== 0)
    throw new Error(`${path} belongs to another account: remove it and start again`)
  return path
}

type Launch = {
  binaries: string
  folder: string
  socketDir: string
  account: Account | undefined
  settings: Record<string, string>
}

/** In a session of its own, so that Ctrl-C reaches us first and the services still have a database to close on. */
async function launch({ binaries, folder, socketDir, account, settings }: Launch): Promise<ChildProcess> {
  const output = await open(`${folder}.log`, 'a', 0o600)
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(binaries, 'bin/postgres'), ['-D', folder, '-k', socketDir, ...options], {
    ...account,
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  })
  await new Promise<void>((started, failed) => {
    child.once('spawn', started)
    child.once('error', failed)
  })
  child.unref()
  await output.close()
  return child
}

async function ready(child: ChildProcess, url: string, logFile: string): Promise<number> {
  const { pid } = child
  if (pid === undefined) throw new Error('PostgreSQL did not start')
  if (await answered(url, () => child.exitCode === null && child.signalCode === null)) return pid
  const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new Error(`PostgreSQL did not start. The end of ${logFile}:\n${tail}`)
}

/** Until it answers a query; false when the process ended before. Recovery after a crash may take a while. */
async function answered(url: string, running: () => boolean): Promise<boolean> {
  for (const end = Date.now() + 120_000; running() && Date.now() < end; await wait(5)) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.query('select 1')
      return true
    } catch {
      // Not yet.
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return false
}
