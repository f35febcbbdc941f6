/** Every attack of the corpus, with the route files of production, against gateway/router or the real Traefik. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTraefik } from '../parity/traefik.ts'
import { createRouter, type Mount } from '../router/router.ts'
import { type Auditor, mountAuditor, startAuditor } from './auditor.ts'
import { type Attack, readAttacks } from './read-corpus.ts'

export type Outcome = {
  attack: Attack
  /** 0: the connection ended without an answer. */
  status: number
  /** What a service saw and should not have; or that a refusal did not come. Empty: the attack failed. */
  bypasses: string[]
}

/** The binary of Traefik; or gateway/router before services at other addresses, or before apps of its own process. */
export type Target = { traefik: string } | { router: 'proxied' | 'in process' }

export async function runAttacks(wanted: Target): Promise<Outcome[]> {
  const auditors = {
    core: await startAuditor('core'),
    links: await startAuditor('links'),
    auth: await startAuditor('auth'),
  }
  const { core, links, auth } = auditors
  const env = {
    CORE_URL: core.url,
    MEDIA_URL: core.url,
    LINKS_URL: links.url,
    AUTH_URL: auth.url,
    ADDRESS_LIMIT: '0',
  }
  const folder = copyOfProduction()
  const called = 'router' in wanted && wanted.router === 'in process' ? mountAuditors() : undefined
  const target =
    'traefik' in wanted
      ? await theirs(wanted.traefik, folder, env)
      : await ours(folder, called ? { ADDRESS_LIMIT: '0' } : env, called)
  try {
    const outcomes: Outcome[] = []
    const listening = [...Object.values(auditors), ...(called?.auditors ?? [])]
    // One after the other: what an auditor finds belongs to the attack that was sent. The slow ones only wait.
    const [slow, quick] = [true, false].map(wanted =>
      readAttacks().filter(one => (one.drip !== undefined) === wanted),
    )
    const waiting = Promise.all((slow ?? []).map(attack => drip(target.port, attack)))
    const refuses = (attack: Attack) =>
      attack.refused === 'both' || (attack.refused === 'here' && 'router' in wanted)
    for (const attack of quick ?? [])
      outcomes.push(await strike(target.port, attack, refuses(attack), listening))
    return [...outcomes, ...(await waiting)]
  } finally {
    await target.close()
    for (const auditor of Object.values(auditors)) auditor.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The very files, but that time limits are short enough to wait for. */
function copyOfProduction(): string {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-attacks-'))
  cpSync(fileURLToPath(new URL('../../traefik', import.meta.url)), folder, { recursive: true })
  const file = join(folder, 'traefik.yml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('readTimeout: 60s', 'readTimeout: 2s'))
  return folder
}

type Listening = { port: number; close(): Promise<void> }

type Called = { mounts: Record<string, Mount>; auditors: Pick<Auditor, 'takeFindings'>[] }

/** Under the URLs that the route files give the services. */
function mountAuditors(): Called {
  const auditors: Called['auditors'] = []
  const mounts = Object.fromEntries(
    (
      [
        ['core', 3001],
        ['core', 3002],
        ['links', 3003],
        ['auth', 3004],
      ] as const
    ).map(([role, port]) => {
      const { mount, auditor } = mountAuditor(role)
      auditors.push(auditor)
      const name = port === 3002 ? 'media' : role
      // Asked over HTTP for its verdicts, auth would be elsewhere.
      const verify = () => ({ status: 401, headers: {}, body: 'no' })
      return [`http://${name}:${port}`, role === 'auth' ? { ...mount, verify } : mount]
    }),
  )
  return { mounts, auditors }
}

async function ours(folder: string, env: Record<string, string>, called?: Called): Promise<Listening> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const overrides = {
    entryPoints: { web: { port: 0, host: '127.0.0.1' }, ops: { port: 0, host: '127.0.0.1' } },
  }
  const router = createRouter({
    staticFile: join(folder, 'traefik.yml'),
    env,
    overrides,
    log: silent,
    mounts: called?.mounts ?? {},
  })
  const { port } = await router.listen()
  return { port, close: router.close }
}

async function theirs(binary: string, folder: string, env: Record<string, string>): Promise<Listening> {
  const { ports, close } = await startTraefik({ binary, folder, env })
  return { port: Number(ports.web), close }
}

async function strike(
  port: number,
  attack: Attack,
  refused: boolean,
  auditors: readonly Pick<Auditor, 'takeFindings'>[],
): Promise<Outcome> {
  const answer = await converse(port, attack.bytes, 400)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0)
  const bypasses = auditors.flatMap(auditor => auditor.takeFindings())
  if (refused && status !== 0 && status < 400) bypasses.push(`answered with ${status}`)
  return { attack, status, bypasses }
}

/** What comes back until the connection ends, or is silent for `quietMs`. */
function converse(port: number, bytes: Buffer, quietMs: number): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    let timer = setTimeout(finish, quietMs)
    socket.setEncoding('latin1').on('data', chunk => {
      answer += chunk
      clearTimeout(timer)
      // An answer is there: a second one, to what was smuggled, would follow at once.
      timer = setTimeout(finish, Math.min(60, quietMs))
    })
    socket.on('close', finish).on('error', finish)
  })
}

const patienceMs = 8000

async function drip(port: number, attack: Attack): Promise<Outcome> {
  const ended = await new Promise<boolean>(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(attack.bytes))
    const dripping = setInterval(() => socket.writable && socket.write(attack.drip ?? ''), 200)
    const finish = (cut: boolean) => {
      clearInterval(dripping)
      clearTimeout(limit)
      socket.destroy()
      resolve(cut)
    }
    const limit = setTimeout(() => finish(false), patienceMs)
    socket.on('close', () => finish(true)).on('error', () => {})
    socket.resume()
  })
  return {
    attack,
    status: 0,
    bypasses: ended ? [] : [`the connection was still open after ${patienceMs} ms`],
  }
}
