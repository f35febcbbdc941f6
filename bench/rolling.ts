/**
 * A service with two instances is restarted, one after the other, while requests come: none may fail. The router's files
 * have what production needs for that: a health check, one failure that is enough to leave an instance out for a while
 * (without it, four tries can all meet the same one), and another try.
 *
 *   npm run bench -- rolling [--json] [--restarts 6]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { percentile, printFigures } from './figures.ts'
import { startServer } from './gateway-load.ts'
import { prepareGateway, tokenFor } from './gateway-settings.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, restarts: { type: 'string', default: '6' } },
})
const restarts = Number(values.restarts)
const endings: (() => unknown)[] = []
const folder = mkdtempSync(join(tmpdir(), 'glimmr-bench-rolling-'))
try {
  const settings = await prepareGateway(folder, handler => endings.push(handler))
  const instances = await Promise.all(
    [0, 1].map(() => startServer({ ...settings, role: 'service', service: 'light' })),
  )
  const ports = instances.map(instance => instance.port)
  endings.push(() => Promise.all(instances.map(instance => instance.stop())))
  const gateway = await startServer({
    ...settings,
    role: 'proxied',
    service: 'light',
    staticFile: writeRoutes(ports),
  })
  endings.push(gateway.stop)
  const client = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: 16 })
  endings.push(() => client.close())
  const authorization = `Bearer ${await tokenFor(gateway.port, settings.key)}`
  const times: number[] = []
  const failed: string[] = []
  let ending = false
  const worker = async () => {
    while (!ending) {
      const start = performance.now()
      const outcome = await ask(client, authorization)
      times.push(performance.now() - start)
      if (outcome !== '200') failed.push(outcome)
      // Load, but not more than the machine bears: a health check must come through as well.
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  const working = Array.from({ length: 16 }, worker)
  for (let restart = 0; restart < restarts; restart++) {
    await everyServerIsUp(gateway.port)
    await new Promise(resolve => setTimeout(resolve, 500))
    const index = restart % 2
    await instances[index]?.close()
    instances[index] = await startServer({
      ...settings,
      role: 'service',
      service: 'light',
      port: ports[index] ?? 0,
    })
  }
  await new Promise(resolve => setTimeout(resolve, 1000))
  ending = true
  await Promise.all(working)
  const sorted = times.toSorted((a, b) => a - b)
  printFigures(
    [
      { name: `requests during ${restarts} restarts`, value: times.length, unit: 'requests' },
      { name: 'failed', value: failed.length, unit: 'requests', target: { bound: 1, less: true } },
      { name: 'p99', value: percentile(sorted, 0.99), unit: 'ms' },
    ],
    values.json,
  )
  if (failed.length > 0) console.error([...new Set(failed)].join('\n'))
  process.exitCode = failed.length > 0 ? 1 : 0
} finally {
  for (const end of endings.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
}

/** The next instance goes when the router has seen the last one back, as an orchestrator waits for readiness. */
async function everyServerIsUp(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const states = [...text.matchAll(/^traefik_service_server_up\{service="core@file",.*\} ([01])$/gm)]
    if (states.length === 2 && states.every(([, up]) => up === '1')) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error('an instance did not come back within a minute')
}

async function ask(client: Pool, authorization: string): Promise<string> {
  try {
    const headers = { authorization }
    const { statusCode, body } = await client.request({ method: 'GET', path: '/v1/core/light', headers })
    await body.dump()
    return String(statusCode)
  } catch (error) {
    return String(error)
  }
}

function writeRoutes(ports: readonly number[]): string {
  const servers = ports.map(port => `{ url: "http://127.0.0.1:${port}" }`).join(', ')
  writeFileSync(
    join(folder, 'traefik.yml'),
    'entryPoints:\n  web:\n    address: ":0"\nproviders:\n  file:\n    filename: routes.yml\nmetrics:\n  prometheus: { entryPoint: web }\n',
  )
  writeFileSync(
    join(folder, 'routes.yml'),
    `http:
  routers:
    tokens: { rule: Path(\`/v1/core/tokens\`), priority: 1000, service: auth }
    core: { rule: PathPrefix(\`/v1/core/\`), middlewares: [again], service: core }
  middlewares:
    again: { retry: { attempts: 4, initialInterval: 20ms, status: ["503"] } }
  services:
    auth: { loadBalancer: { servers: [{ url: "http://auth:3004" }] } }
    core:
      loadBalancer:
        servers: [${servers}]
        healthCheck: { path: /readyz, interval: 200ms, timeout: 5s }
        passiveHealthCheck: { failureWindow: 1s, maxFailedAttempts: 1 }
`,
  )
  return join(folder, 'traefik.yml')
}
