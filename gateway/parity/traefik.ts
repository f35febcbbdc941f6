/** Starts the real Traefik on a folder of route files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onFreePorts, portTaken, saysPortTaken } from '@glimmr/dev/server-ports'

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
export async function startTraefik(options: TraefikOptions): Promise<RunningTraefik> {
  const text = readFileSync(join(options.folder, 'traefik.yml'), 'utf8')
  const names = [...text.matchAll(entryPoint)].map(([, name = '']) => name)
  return onFreePorts(names.length + 1, ([api = 0, ...rest]) =>
    startOn(options, {
      text,
      api,
      ports: Object.fromEntries(names.map((name, at) => [name, rest[at] ?? 0])),
    }),
  )
}

/** The name, and the comments before its address. */
const entryPoint = /^ {2}(\w+):\n((?: {4}#.*\n)*) {4}address: .*$/gm

type Places = { text: string; ports: Record<string, number>; api: number }

/** Throws EADDRINUSE when one of the ports is taken by now. */
async function startOn(options: TraefikOptions, places: Places): Promise<RunningTraefik> {
  const { binary, folder, env = {} } = options
  const copy = mkdtempSync(join(tmpdir(), 'glimmr-traefik-'))
  cpSync(folder, copy, { recursive: true })
  writeFileSync(join(copy, 'traefik.yml'), staticFile(places, options.tracing ?? false))
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
  const apiUrl = `http://127.0.0.1:${places.api}`
  try {
    await ready(apiUrl, child, () => output)
  } catch (error) {
    await close()
    throw error
  }
  return { ports: places.ports, apiUrl, log: () => output, close }
}

function staticFile({ text, ports, api }: Places, tracing: boolean): string {
  const placed = text
    .replace(entryPoint, (_, name, before) => `  ${name}:\n${before}    address: "127.0.0.1:${ports[name]}"`)
    .replace(/^entryPoints:$/m, `entryPoints:\n  traefik:\n    address: "127.0.0.1:${api}"`)
  // Else spans would be sent to a collector that is not there.
  const quiet = tracing ? placed : placed.replace(/^tracing:\n(?: .*\n?)*/m, '')
  return `${quiet}\napi:\n  insecure: true\n`
}

async function ready(apiUrl: string, child: ChildProcess, output: () => string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (child.exitCode !== null) throw ended(child.exitCode, output())
    const overview = await overviewOf(apiUrl)
    // More than its own two: the file provider has spoken.
    if (Number(overview?.http?.routers?.total) > 2) {
      await wait(300)
      // Who has answered may have been another, on the port that this one did not get.
      if (child.exitCode === null) return
    } else await wait(50)
  }
  throw new Error(`Traefik did not load the route files within 20 s:\n${output()}`)
}

function ended(code: number, output: string): Error {
  return saysPortTaken(output) ? portTaken(output) : new Error(`Traefik ended with code ${code}:\n${output}`)
}

type Overview = { http?: { routers?: { total?: number } } }

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
