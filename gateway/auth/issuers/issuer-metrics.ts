/** What an operator sees of the issuers: whether their keys can be fetched, and how old those are that are in use. */
import { createCounter, createGauge, type Metrics } from '@glimmr/lib/metrics'

export type IssuerMetrics = { fetched(issuer: string, error: unknown): void }

const labelNames = ['issuer', 'outcome'] as const

/** `issuers`: their names; both outcomes of each are there from the start, so that the first failure is an increase. */
export function createIssuerMetrics(
  metrics: Metrics,
  issuers: readonly string[],
  keyAges: () => { issuer: string; seconds: number }[],
): IssuerMetrics {
  const fetches = createCounter(metrics, {
    name: 'glimmr_auth_issuer_fetches_total',
    help: 'Fetches of the keys of an external issuer, by how they ended',
    labelNames,
  })
  for (const issuer of issuers) for (const outcome of ['ok', 'failed']) fetches.add({ issuer, outcome }, 0)
  createGauge(metrics, {
    name: 'glimmr_auth_issuer_keys_age_seconds',
    help: 'How long ago the keys of an external issuer were fetched; absent before the first token of that issuer',
    labelNames: ['issuer'],
    read: async () => keyAges().map(({ issuer, seconds }) => ({ labels: { issuer }, value: seconds })),
  })
  return {
    fetched: (issuer, error) => fetches.add({ issuer, outcome: error === undefined ? 'ok' : 'failed' }),
  }
}
