/** How the router bears many routes: reading 1,000 of them again, and finding one among 10 and 10,000. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Exchange } from '@glimmr/gateway/router/request/exchange'
import { createRouter } from '@glimmr/gateway/router/router'
import { subjectOf } from '@glimmr/gateway/router/rules/matchers'
import { createRouteTable } from '@glimmr/gateway/router/rules/route-table'

/** Milliseconds of one reload of `count` routers, each with its middlewares and a service of its own. */
export function measureReload(count: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-bench-routes-'))
  try {
    writeFileSync(
      join(folder, 'traefik.yml'),
      'entryPoints:\n  web:\n    address: ":0"\nproviders:\n  file:\n    filename: routes.yml\n    watch: false\n',
    )
    const each = (line: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => line(index)).join('\n')
    // Files that say what they said before are not compiled again.
    const write = (burst: number) =>
      writeFileSync(
        join(folder, 'routes.yml'),
        `http:
  routers:
${each(index => `    r${index}: { rule: "Host(\`h${index}.example\`) && PathPrefix(\`/v${index}/\`)", middlewares: [strip, limit], service: s${index} }`)}
  middlewares:
    strip: { headers: { customRequestHeaders: { X-Auth-Subject: "" } } }
    limit: { rateLimit: { average: 100, period: 1m, burst: ${burst} } }
  services:
${each(index => `    s${index}: { loadBalancer: { servers: [{ url: "http://10.0.0.1:${1000 + index}" }] } }`)}
`,
      )
    write(100)
    const silent = { info: () => {}, warn: () => {}, error: () => {} }
    const router = createRouter({ staticFile: join(folder, 'traefik.yml'), log: silent })
    const times: number[] = []
    for (let round = 0; round < 7; round++) {
      write(101 + round)
      const started = performance.now()
      if (!router.reload()) throw new Error('the routes are broken')
      times.push(performance.now() - started)
    }
    // The least disturbed round: other processes of the machine only ever add.
    return Math.min(...times)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Nanoseconds to find the route of a request, for each count of routes; measured in turns, the best round of each. */
export function measureMatch(counts: readonly number[]): number[] {
  const runs = counts.map(prepareMatch)
  const best = runs.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < 12; round++)
    runs.forEach((run, index) => {
      best[index] = Math.min(best[index] ?? 0, run())
    })
  return best
}

function prepareMatch(count: number): () => number {
  const table = createRouteTable(
    Array.from({ length: count }, (_, index) => {
      const rule = index % 2 ? `Host(\`h${index}.example\`)` : `PathPrefix(\`/v1/service${index}/\`)`
      return { name: `r${index}`, rule, priority: rule.length, target: index }
    }),
  )
  // All that happens between a request and its route: what rules look at is worked out, then one is found.
  const requests = Array.from({ length: 64 }, (_, index) => {
    const wanted = (index * 7919) % count
    const path = wanted % 2 ? '/x' : `/v1/service${wanted}/prices`
    const host = wanted % 2 ? `h${wanted}.example` : 'api.example'
    return { path, host } as Exchange
  })
  const rounds = 3_000
  return () => {
    let found = 0
    const started = performance.now()
    for (let round = 0; round < rounds; round++)
      for (const request of requests) if (table.find(subjectOf(request)) !== undefined) found++
    if (found !== rounds * requests.length) throw new Error('a route was not found')
    return ((performance.now() - started) * 1e6) / found
  }
}
