/**
 * What traces cost: the CPU of a request of GET /v1/core/hospitals through router, auth and service in one process, with
 * telemetry off and on in its ways, by turns; the collector takes OTLP over HTTP and throws it away.
 *
 *   npm run bench -- telemetry [--json] [--turns 16] [--profile FOLDER]
 *
 * The figure of each is the lower quarter of its turns: other work on the machine only ever adds. `--profile` leaves a CPU profile of every server in that folder.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { type Figure, percentile, printFigures } from './figures.ts'
import { type Running, startServer } from './gateway-load.ts'
import { prepareGateway } from './gateway-settings.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    turns: { type: 'string', default: '16' },
    profile: { type: 'string' },
  },
})

type Way = { name: string; env: Record<string, string>; traceparent?: string }

const perTurn = 2000
const endings: (() => unknown)[] = []
const folder = mkdtempSync(join(tmpdir(), 'glimmr-bench-telemetry-'))
try {
  const settings = await prepareGateway(folder, handler => endings.push(handler))
  const collector = await startCollector()
  const off = { OTEL_EXPORTER_OTLP_ENDPOINT: '' }
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
  const few = { ...on, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }
  const unsampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`
  const ways: Way[] = [
    { name: 'off', env: off },
    { name: 'on, every request', env: on },
    { name: 'on, one request of a hundred', env: few },
    { name: 'on, the caller does not sample', env: on, traceparent: unsampled },
  ]
  const servers: (Way & { running: Running; found: number[] })[] = []
  for (const way of ways) {
    const flags = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : []
    const running = await startServer(
      { ...settings, role: 'inside', service: 'core' },
      { env: way.env, flags },
    )
    endings.push(running.close)
    servers.push({ ...way, running, found: [] })
  }
  for (let turn = 0; turn <= Number(values.turns); turn++)
    for (const { running, traceparent, found } of servers) {
      const spent = await cpuOfTurn(running, settings.key, traceparent)
      // The first turn warms up.
      if (turn > 0) found.push(spent)
    }
  const spent = servers.map(({ name, found }) => ({ name, value: lowerQuarter(found) }))
  const base = spent[0]?.value ?? Number.NaN
  const figures: Figure[] = spent.map(({ name, value }) => ({
    name: `CPU of a request, telemetry ${name}`,
    value,
    unit: 'µs',
    peer: { name: 'off', value: base },
  }))
  printFigures(
    [...figures, { name: 'sent to the collector', value: collector.received() / 2 ** 20, unit: 'MiB' }],
    values.json,
  )
} finally {
  for (const end of endings.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
}

async function cpuOfTurn(server: Running, key: string, traceparent: string | undefined): Promise<number> {
  const before = (await server.usage()).cpuMs
  const { requests, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${server.port}/v1/core/hospitals`,
    connections: 8,
    amount: perTurn,
    headers: { authorization: `Bearer ${key}`, ...(traceparent && { traceparent }) },
  })
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`)
  return (((await server.usage()).cpuMs - before) * 1000) / requests.sent
}

function lowerQuarter(found: number[]): number {
  return percentile(
    found.toSorted((a, b) => a - b),
    0.25,
  )
}

async function startCollector() {
  let received = 0
  const server = createServer((request, response) => {
    request.on('data', chunk => {
      received += chunk.length
    })
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received: () => received }
}
