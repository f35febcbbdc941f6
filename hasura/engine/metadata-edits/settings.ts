/** Settings that stand at the top of the metadata. */

import { list, text } from '../metadata-api/arguments.ts'
import type { Metadata } from '../metadata-types.ts'
import type { Edit } from './edit.ts'

export const settingEdits: Record<string, Edit> = {
  set_graphql_schema_introspection_options: (draft, args) => {
    draft.graphql_schema_introspection = {
      disabled_for_roles: list(args, 'disabled_for_roles').map(String),
    }
    return {}
  },
  set_api_limits: (draft, args) => {
    draft.api_limits = args as NonNullable<Metadata['api_limits']>
    return {}
  },
  remove_api_limits: draft => {
    delete draft.api_limits
    return {}
  },
  add_host_to_tls_allowlist: (draft, args) => {
    const hosts = tlsHosts(draft)
    draft.network = { ...objectOf(draft.network), tls_allowlist: [...hosts, args] }
    return {}
  },
  drop_host_from_tls_allowlist: (draft, args) => {
    const host = text(args, 'host')
    const kept = tlsHosts(draft).filter(each => objectOf(each).host !== host)
    draft.network = { ...objectOf(draft.network), tls_allowlist: kept }
    return {}
  },
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function tlsHosts({ network }: Metadata): unknown[] {
  const { tls_allowlist } = objectOf(network)
  return Array.isArray(tls_allowlist) ? tls_allowlist : []
}
