/** Sends the same bytes to gateway/router and to Traefik, and compares what comes back. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRouter } from '../router/router.ts'
import { compare, parseAnswer } from './compare.ts'
import { type Case, generateCorpus } from './corpus.ts'
import { startEcho } from './echo.ts'
import { startTraefik } from './traefik.ts'

export type ParityOptions = { binary: string; requests: number; seed: number }

export type Difference = { kind: string; entryPoint: string; request: string; details: string[] }

export type ParityReport = {
  requests: number
  same: number
  /** By heading of gateway/router/DIFFERENCES.md. */
  onPurpose: Record<string, number>
  unexplained: Difference[]
  /** Statuses of a burst on the rate limit, from either. */
  limits: { ours: string; traefik: string }
}

const folder = fileURLToPath(new URL('./routes', import.meta.url))

export async function runParity({ binary, requests, seed }: ParityOptions): Promise<ParityReport> {
  const echo = await startEcho()
  const env = { ECHO_URL: echo.url }
  const copy = mkdtempSync(join(tmpdir(), 'glimmr-parity-'))
  cpSync(folder, copy, { recursive: true })
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const router = createRouter({ staticFile: join(copy, 'traefik.yml'), env, log: silent })
  const traefik = await startTraefik({ binary, folder, env })
  try {
    const { ports } = await router.listen()
    const report: ParityReport = {
      requests,
      same: 0,
      onPurpose: {},
      unexplained: [],
      limits: { ours: '', traefik: '' },
    }
    for (const one of generateCorpus(seed, requests)) {
      const [ours, theirs] = await Promise.all([
        exchange(ports[one.entryPoint], one.bytes),
        exchange(traefik.ports[one.entryPoint], one.bytes),
      ])
      record(report, one, compare(one, parseAnswer(ours), parseAnswer(theirs)))
    }
    report.limits = { ours: await burst(ports.plain), traefik: await burst(traefik.ports.plain) }
    return report
  } finally {
    await router.close()
    await traefik.close()
    echo.close()
    rmSync(copy, { recursive: true, force: true })
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

/** A burst from two sources in turn: who is admitted, who is refused, and what the refusal says. */
async function burst(port: number | undefined): Promise<string> {
  const seen: string[] = []
  for (let index = 0; index < 24; index++) {
    const source = index % 3 === 2 ? 'b' : 'a'
    const bytes = Buffer.from(
      `GET /mw/limit HTTP/1.1\r\nHost: x\r\nX-Source: ${source}\r\nConnection: close\r\n\r\n`,
    )
    const { status, headers, body } = parseAnswer(await exchange(port, bytes))
    seen.push(status === 429 ? `${source}:429 ${body} ${headers.get('retry-after')}` : `${source}:${status}`)
  }
  return seen.join(', ')
}

/** Everything that comes back until the connection closes, at most a second. */
function exchange(port: number | undefined, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (port === undefined) return reject(new Error('the entry point is not open'))
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(Buffer.concat(chunks))
    }
    const timer = setTimeout(finish, 1000)
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('close', finish)
    socket.on('error', finish)
    socket.write(bytes)
  })
}
