/** Metadata that may be shown: connections, headers and addresses without what could be a secret in them. */
import type { Metadata } from '@glimmr/engine/metadata-types'

const hidden = '***'

/** `{from_env: NAME}` and `{{NAME}}` stay: they name a secret, and are none. */
export function shownMetadata(metadata: Metadata): Record<string, unknown> {
  return JSON.parse(JSON.stringify(metadata, shown))
}

function shown(key: string, value: unknown): unknown {
  if (key === 'connection_info' || key === 'read_replicas') return withoutText(value)
  if (key === 'headers' && Array.isArray(value))
    return value.map(header => ({ ...header, ...hiddenValue(header) }))
  if ((key === 'handler' || key === 'webhook' || key === 'url') && typeof value === 'string')
    return value.replace(/\/\/[^/@]*@/, `//${hidden}@`).replace(/\?.*$/s, `?${hidden}`)
  return value
}

function hiddenValue(header: object): object {
  return 'value' in header ? { value: hidden } : {}
}

const plain = new Set(['from_env', 'isolation_level'])

function withoutText(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) => (typeof inner === 'string' && !plain.has(key) ? hidden : inner)),
  )
}
