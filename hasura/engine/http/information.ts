/** What the server says about itself: version, health, configuration, figures. */
import type { Engine } from '../engine.ts'
import type { ClaimsConfig } from './claims.ts'

export const version = 'v2.48.10'

export type About = {
  isAdminSecretSet: boolean
  isAuthHookSet: boolean
  /** The claims settings of the tokens that are taken. */
  jwt: ClaimsConfig[]
  isAllowListEnabled?: boolean
  areFunctionPermissionsInferred?: boolean
}

export function configuration(about: About): unknown {
  return {
    version,
    is_function_permissions_inferred: about.areFunctionPermissionsInferred ?? true,
    is_remote_schema_permissions_enabled: false,
    is_admin_secret_set: about.isAdminSecretSet,
    is_auth_hook_set: about.isAuthHookSet,
    is_jwt_set: about.jwt.length > 0,
    jwt: about.jwt.map(({ claims_namespace, claims_namespace_path, claims_format, claims_map }) => ({
      ...(claims_namespace_path === undefined
        ? { claims_namespace: claims_namespace ?? 'https://hasura.io/jwt/claims' }
        : { claims_namespace_path }),
      claims_format: claims_format ?? 'json',
      claims_map: claims_map ?? null,
    })),
    is_allow_list_enabled: about.isAllowListEnabled ?? false,
    live_queries: { batch_size: 100, refetch_delay: 1 },
    streaming_queries: { batch_size: 100, refetch_delay: 1 },
    console_assets_dir: null,
    experimental_features: [],
    is_prometheus_metrics_enabled: false,
    default_naming_convention: 'hasura-default',
    feature_flags: [],
  }
}

/** Figures for whoever runs the server. */
export function figures(engine: Engine): unknown {
  const { rss, heapUsed } = process.memoryUsage()
  return { rss_bytes: rss, heap_bytes: heapUsed, uptime_seconds: process.uptime(), ...engine.subscriptions() }
}
