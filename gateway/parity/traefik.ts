/** Starts the real Traefik on a folder of route files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export type RunningTraefik = {
  /** By entry point. */
  ports: Record<string, number>
  /** Traefik's own view of what it loaded; `http://127.0.0.1:PORT/api/http/…`. */
  apiUrl: string
  /** The latest 20,000 characters of its log, access lines as well. */
  log(): string
  close(): Promise<void>
}

/** Where scripts/build-traefik.sh leaves the binary; undefined when it was never built. */
export function findTraefik(env: Record<string, string | undefined>): string | undefined {
  if (env.TRAEFIK) return env.TRAEFIK
  const cache = env.GLIMMR_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'glimmr')
  const binary = join(cache, 'traefik-3.7.9', 'traefik')
  return existsSync(binary) ? binary : undefined
}

export type TraefikOptions = {
  binary: string
  /** Holds traefik.yml and dynamic/. */
  folder: string
  env?: Record<string, string>
  /** Spans are tried to be sent where the file says. */
  tracing?: boolean
}

/** The same files; only the addresses of entry points are replaced, and Traefik's API is opened to ask it. */
export async function startTraefik({
  binary,
  folder,
  env = {},
  tracing = false,
}: TraefikOptions): Promise<RunningTraefik> {
  const copy = mkdtempSync(join(tmpdir(), 'glimmr-traefik-'))
  cpSync(folder, copy, { recursive: true })
  const ports: Record<string, number> = {}
  let text = readFileSync(join(folder, 'traefik.yml'), 'utf8')
  for (const [whole, name = '', before = ''] of text.matchAll(
    /^ {2}(\w+):\n((?: {4}#.*\n)*) {4}address: .*$/gm,
  )) {
    ports[name] = await freePort()
    text = text.replace(whole, `  ${name}:\n${before}    address: "127.0.0.1:${ports[name]}"`)
  }
  const api = await freePort()
  text = text.replace(/^entryPoints:$/m, `entryPoints:\n  traefik:\n    address: "127.0.0.1:${api}"`)
  // Else spans would be sent to a collector that is not there.
  if (!tracing) text = text.replace(/^tracing:\n(?: .*\n?)*/m, '')
  text = `${text}\napi:\n  insecure: true\n`
  writeFileSync(join(copy, 'traefik.yml'), text)
  const child = spawn(binary, ['--configFile=traefik.yml'], {
    cwd: copy,
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      output = (output + chunk).slice(-20_000)
    })
  const close = async () => {
    await end(child)
    rmSync(copy, { recursive: true, force: true })
  }
  const apiUrl = `http://127.0.0.1:${api}`
  try {
    await ready(apiUrl, child, () => output)
  } catch (error) {
    await close()
    throw error
  }
  return { ports, apiUrl, log: () => output, close }
}

async function ready(apiUrl: string, child: ChildProcess, output: () => string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (child.exitCode !== null) throw new Error(`Traefik ended with code ${child.exitCode}:\n${output()}`)
    const overview = await overviewOf(apiUrl)
    // More than its own two: the file provider has spoken.
    if (overview && overview.http.routers.total > 2) return void (await wait(300))
    await wait(50)
  }
  throw new Error(`Traefik did not load the route files within 20 s:\n${output()}`)
}

type Overview = { http: { routers: { total: number } } }

async function overviewOf(apiUrl: string): Promise<Overview | undefined> {
  try {
    return (await (await fetch(`${apiUrl}/api/overview`)).json()) as Overview
  } catch {
    // Not listening yet, or listening without a route to its own API yet.
    return undefined
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
