/** `traefik_*_requests_tls_total`: requests by the TLS that they came with. */
import type { Outcome } from './metrics.ts'
import type { TlsNames } from './tls-names.ts'

export type TlsLevel = { prefix: string; what: string; labels(outcome: Outcome): string | undefined }

export type TlsRequests = { count(outcome: Outcome, tls: TlsNames): void; text(): string[] }

/** `levels`: entry points, routers, services, as far as they are counted. */
export function createTlsRequests(levels: readonly TlsLevel[]): TlsRequests {
  const counted = levels.map(level => ({ ...level, series: new Map<string, number>() }))
  return {
    count(outcome, { version, cipher }) {
      for (const { labels, series } of counted) {
        const owner = labels(outcome)
        if (owner === undefined) continue
        const key = `tls_cipher="${cipher}",tls_version="${version}",${owner}`
        series.set(key, (series.get(key) ?? 0) + 1)
      }
    },
    text: () =>
      counted.flatMap(({ prefix, what, series }) =>
        series.size === 0
          ? []
          : [
              `# HELP ${prefix}_requests_tls_total How many HTTP requests with TLS processed on ${what}, partitioned by TLS version and TLS cipher.`,
              `# TYPE ${prefix}_requests_tls_total counter`,
              ...[...series].map(([labels, value]) => `${prefix}_requests_tls_total{${labels}} ${value}`),
            ],
      ),
  }
}
