/**
 * What the gateway costs: the service behind router, auth and limits beside nginx in front of the same service without
 * any of these, in the same run; then streams, idle WebSockets, reloads and routes.
 *
 *   npm run bench -- gateway [--json] [--seconds 4] [--only routes|requests|latency|streams|sockets]
 *
 * nginx and wrk come from the system's packages; without them the figures that need them are skipped, and said to be.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { type Figure, percentile, printFigures } from './figures.ts'
import { download, isPresent, peakRssMb, type Running, startNginx, startServer, wrk } from './gateway-load.ts'
import { measureMatch, measureReload } from './gateway-routes.ts'
import type { BenchServer } from './gateway-server.ts'
import { type GatewaySettings, prepareGateway, tokenFor } from './gateway-settings.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '4' },
    /** routes, requests, latency, streams, sockets */
    only: { type: 'string', multiple: true },
  },
})
const seconds = Number(values.seconds)
const rounds = 3
const figures: Figure[] = []
const skipped: string[] = []
const endings: (() => unknown)[] = []
const folder = mkdtempSync(join(tmpdir(), 'glimmr-bench-gateway-'))

const paths = { light: '/v1/core/light', core: '/v1/core/hospitals' }
const words = { light: 'a constant answer of 1 KiB', core: 'GET /v1/core/hospitals (SQL)' }

try {
  if (wanted('routes')) routes()
  const settings = await prepareGateway(folder, handler => endings.push(handler))
  const peers = isPresent('nginx') && isPresent('wrk')
  if (!peers)
    skipped.push('requests beside nginx: there is no nginx or no wrk here (apt-get install nginx-light wrk)')
  for (const service of ['light', 'core'] as const)
    if (peers && wanted('requests')) await throughput({ ...settings, service })
  if (wanted('latency')) await latency({ ...settings, service: 'light' })
  if (wanted('streams')) await streams({ ...settings, service: 'light' })
  if (wanted('sockets')) await webSockets({ ...settings, service: 'light' })
  printFigures(figures, values.json)
  for (const what of skipped) console.error(`SKIPPED ${what}`)
} finally {
  for (const end of endings.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
}

function wanted(part: string): boolean {
  return values.only === undefined || values.only.includes(part)
}

type Service = GatewaySettings & Pick<BenchServer, 'service'>

async function started(settings: BenchServer): Promise<Running> {
  const running = await startServer(settings)
  endings.push(running.stop)
  return running
}

/** Rounds take turns, so that a busy moment of the machine falls on all of them. */
async function throughput(settings: Service): Promise<void> {
  const { service, key } = settings
  const inside = await started({ ...settings, role: 'inside' })
  const alone = await started({ ...settings, role: 'service' })
  const serviceUrl = `http://127.0.0.1:${alone.port}`
  const proxied = await started({ ...settings, role: 'proxied', serviceUrl })
  const nginx = await startNginx(folder, alone.port, await tokenFor(inside.port, key))
  endings.push(nginx.stop)
  const found = { nginx: [] as number[], inside: [] as number[], proxied: [] as number[] }
  const authorization = `Bearer ${key}`
  const cpu = { inside: 0, requests: 0 }
  for (let round = 0; round <= rounds; round++) {
    for (const [name, port] of [
      ['nginx', nginx.port],
      ['inside', inside.port],
      ['proxied', proxied.port],
    ] as const) {
      const before = (await inside.usage()).cpuMs
      const load = await wrk(
        `http://127.0.0.1:${port}${paths[service]}`,
        { authorization },
        round === 0 ? 5 : seconds,
      )
      if (load.errors > 0) throw new Error(`${name}: ${load.errors} answers were errors`)
      // The first round warms up.
      if (round === 0) continue
      found[name].push(load.requestsPerSecond)
      if (name !== 'inside') continue
      cpu.inside += (await inside.usage()).cpuMs - before
      cpu.requests += load.requestsPerSecond * seconds
    }
  }
  const median = (all: number[]) =>
    percentile(
      all.toSorted((a, b) => a - b),
      0.5,
    )
  const peer = { name: 'nginx → the service, no auth', value: median(found.nginx) }
  const unit = 'requests/s'
  const bound = (share: number) => ({ bound: Math.round(peer.value * share), less: false })
  figures.push(
    { name: `in process: ${words[service]}`, value: median(found.inside), unit, peer, target: bound(0.75) },
    {
      name: `in process, share of nginx (${service})`,
      value: (100 * median(found.inside)) / peer.value,
      unit: '%',
      target: { bound: 75, less: false },
    },
    { name: `proxied: ${words[service]}`, value: median(found.proxied), unit, peer, target: bound(0.6) },
    {
      name: `proxied, share of nginx (${service})`,
      value: (100 * median(found.proxied)) / peer.value,
      unit: '%',
      target: { bound: 60, less: false },
    },
    {
      name: `CPU of a request in process (${service})`,
      value: (cpu.inside * 1000) / cpu.requests,
      unit: 'µs',
    },
  )
  for (const one of [nginx, proxied, alone, inside]) await one.stop()
}

/** At half of what the gateway bears, the same rate on the service's own port and through the gateway. */
async function latency(settings: Service): Promise<void> {
  const inside = await started({ ...settings, role: 'inside' })
  const alone = await started({ ...settings, role: 'service' })
  const authorization = `Bearer ${settings.key}`
  const token = `Bearer ${await tokenFor(inside.port, settings.key)}`
  const at = (port: number, header: string, overallRate?: number) =>
    autocannon({
      url: `http://127.0.0.1:${port}${paths.light}`,
      connections: 16,
      duration: seconds,
      headers: { authorization: header },
      ...(overallRate && { overallRate }),
    })
  const { requests } = await at(inside.port, authorization)
  const half = Math.round(requests.average / 2)
  const added: number[] = []
  let through = 0
  for (let round = 0; round < rounds; round++) {
    const direct = await at(alone.port, token, half)
    const behind = await at(inside.port, authorization, half)
    through = behind.latency.p99
    added.push(behind.latency.p99 - direct.latency.p99)
  }
  figures.push({
    name: `p99 added at half load (${half} requests/s)`,
    value: percentile(
      added.toSorted((a, b) => a - b),
      0.5,
    ),
    unit: 'ms',
    target: { bound: 2.001, less: true },
    peer: { name: 'p99 through the gateway', value: through },
  })
  await alone.stop()
  await inside.stop()
}

async function streams(settings: Service): Promise<void> {
  const bytes = 2 ** 30
  const path = `/v1/core/stream?bytes=${bytes}`
  const inside = await started({ ...settings, role: 'inside' })
  const alone = await started({ ...settings, role: 'service' })
  const proxied = await started({
    ...settings,
    role: 'proxied',
    serviceUrl: `http://127.0.0.1:${alone.port}`,
  })
  const token = await tokenFor(inside.port, settings.key)
  const nginx = isPresent('nginx') ? await startNginx(folder, alone.port, token) : undefined
  if (nginx) endings.push(nginx.stop)
  const authorization = `Bearer ${settings.key}`
  const best = async (port: number, header = authorization) => {
    const found: number[] = []
    for (let round = 0; round < rounds; round++) found.push(await download(port, path, header))
    return Math.max(...found)
  }
  const peer = nginx && { name: 'through nginx', value: await best(nginx.port) }
  for (const [name, server] of [
    ['in process', inside],
    ['proxied', proxied],
  ] as const) {
    await download(server.port, '/v1/core/stream?bytes=104857600', authorization)
    const before = peakRssMb(server.pid)
    const value = await best(server.port)
    figures.push(
      {
        name: `1 GiB streamed, ${name}`,
        value,
        unit: 'MB/s',
        target: { bound: 1000, less: false },
        ...(peer && { peer }),
      },
      {
        name: `memory it added, ${name}`,
        value: peakRssMb(server.pid) - before,
        unit: 'MB',
        target: { bound: 32, less: true },
      },
    )
  }
  figures.push({
    name: '1 GiB from the service, nothing between',
    value: await best(alone.port, `Bearer ${token}`),
    unit: 'MB/s',
  })
  if (nginx) await nginx.stop()
  for (const one of [proxied, alone, inside]) await one.stop()
}

async function webSockets(settings: Service): Promise<void> {
  const count = 10_000
  const inside = await started({ ...settings, role: 'inside' })
  const before = (await inside.usage()).rssMb
  const request = `GET /v1/core/socket HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${settings.key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  const open = () =>
    new Promise<ReturnType<typeof connect>>((resolve, reject) => {
      const socket = connect(inside.port, '127.0.0.1', () => socket.write(request))
      socket.once('data', chunk =>
        String(chunk).startsWith('HTTP/1.1 101') ? resolve(socket) : reject(new Error(String(chunk))),
      )
      socket.once('error', reject)
    })
  const sockets: ReturnType<typeof connect>[] = []
  while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: 100 }, open))))
  const { rssMb } = await inside.usage()
  figures.push(
    {
      name: `${count} idle WebSockets`,
      value: rssMb - before,
      unit: 'MB',
      target: { bound: 200, less: true },
    },
    { name: 'the process with them: router, auth and service', value: rssMb, unit: 'MB' },
  )
  for (const socket of sockets) socket.destroy()
  await inside.stop()
}

function routes(): void {
  figures.push({
    name: 'reload with 1,000 routes',
    value: measureReload(1000),
    unit: 'ms',
    target: { bound: 200, less: true },
  })
  const [few = 0, many = 0] = measureMatch([10, 10_000])
  figures.push(
    { name: 'a route found among 10,000', value: many, unit: 'ns', peer: { name: 'among 10', value: few } },
    { name: '10,000 routes against 10', value: many / few, unit: '×', target: { bound: 1.3, less: true } },
  )
}
