/** Sends the same bytes to gateway/router and to Traefik, and compares what comes back. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRouter } from '../router/router.ts'
import { selfSigned } from '../router/tls/self-signed.ts'
import { compare, type Verdict } from './compare.ts'
import type { Case } from './corpus/build.ts'
import { createRandom } from './corpus/random.ts'
import { generateCorpus } from './corpus.ts'
import { startEcho } from './echo.ts'
import { mixedRoutes } from './mixed-routes.ts'
import { type Sent, send } from './send.ts'
import { runSequence, sequences } from './sequences.ts'
import { startTraefik } from './traefik.ts'
import { startUpstream } from './upstream.ts'

export type ParityOptions = {
  binary: string
  requests: number
  seed: number
  /** Routes with middlewares in a random order as well: see mixed-routes.ts. */
  mixed?: boolean
}

export type Difference = { kind: string; entryPoint: string; request: string; details: string[] }

export type ParityReport = {
  requests: number
  same: number
  /** By heading of gateway/router/DIFFERENCES.md. */
  onPurpose: Record<string, number>
  unexplained: Difference[]
  /** Statuses of requests whose answers depend on those before, from either. */
  sequences: { name: string; ours: string; traefik: string }[]
}

const folder = fileURLToPath(new URL('./routes', import.meta.url))

export async function runParity({
  binary,
  requests,
  seed,
  mixed = false,
}: ParityOptions): Promise<ParityReport> {
  const echo = await startEcho()
  const upstream = await startUpstream()
  const copy = mkdtempSync(join(tmpdir(), 'glimmr-parity-'))
  const env = { ECHO_URL: echo.url, UPSTREAM_URL: upstream.url, CERTIFICATES: copy }
  writeCertificates(copy)
  cpSync(folder, copy, { recursive: true })
  if (mixed) writeFileSync(join(copy, 'dynamic', 'mixed.yml'), mixedRoutes(createRandom(seed)))
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const router = createRouter({ staticFile: join(copy, 'traefik.yml'), env, log: silent })
  const traefik = await startTraefik({ binary, folder: copy, env })
  try {
    const { ports } = await router.listen()
    const report: ParityReport = {
      requests,
      same: 0,
      onPurpose: {},
      unexplained: [],
      sequences: [],
    }
    const corpus = generateCorpus(seed, requests, mixed).values()
    // They wait for sockets, not for a processor.
    const ask = async (one: Case): Promise<Asked> => {
      const { entryPoint, bytes, serverName, kind } = one
      const options = { serverName, staysOpen: kind.endsWith('upgrade') }
      const [ours, theirs] = await Promise.all([
        send(ports[entryPoint], bytes, options),
        send(traefik.ports[entryPoint], bytes, options),
      ])
      return { ours, verdict: compare(one, ours, theirs) }
    }
    const worker = async () => {
      for (const one of corpus) {
        const first = await ask(one)
        record(report, one, stands(one, first) ? first.verdict : await secondVerdict(ask, one, first))
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    for (const [name, steps] of Object.entries(sequences)) {
      const ours = await runSequence(ports.plain, steps)
      report.sequences.push({ name, ours, traefik: await runSequence(traefik.ports.plain, steps) })
    }
    return report
  } finally {
    await router.close()
    await traefik.close()
    echo.close()
    upstream.close()
    rmSync(copy, { recursive: true, force: true })
  }
}

type Asked = { ours: Sent; verdict: Verdict }

/** Else it is asked again: what a service sent beyond an answer may reach Go's transport within the next, which is then no answer. */
function stands({ kind }: Case, { verdict }: Asked): boolean {
  return !kind.startsWith('upstream') || verdict.same || verdict.reason !== undefined
}

/** Asked again; it counts where our answer was the same, so that nothing of ours that comes and goes is passed over. */
async function secondVerdict(ask: (one: Case) => Promise<Asked>, one: Case, first: Asked): Promise<Verdict> {
  const second = await ask(one)
  const heads = [first, second].map(({ ours }) =>
    ours.bytes.toString('latin1').replaceAll(/^(?:date|x-request-id):.*$/gim, ''),
  )
  return heads[0] === heads[1] ? second.verdict : first.verdict
}

/** New for every run; both routers read the same. */
function writeCertificates(folder: string): void {
  const names = { one: ['one.example'], wild: ['*.wild.example'], any: ['any.example'] }
  for (const [file, hosts] of Object.entries(names)) {
    const { cert, key } = selfSigned(hosts)
    writeFileSync(join(folder, `${file}.pem`), cert)
    writeFileSync(join(folder, `${file}.key`), key)
  }
}

function record(report: ParityReport, one: Case, verdict: ReturnType<typeof compare>): void {
  if (verdict.same) report.same++
  else if (verdict.reason) report.onPurpose[verdict.reason] = (report.onPurpose[verdict.reason] ?? 0) + 1
  else
    report.unexplained.push({
      kind: one.kind,
      entryPoint: one.entryPoint,
      request: JSON.stringify(one.bytes.toString('latin1').slice(0, 500)),
      details: verdict.details,
    })
}
