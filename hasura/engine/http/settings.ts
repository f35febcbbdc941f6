/**
 * Hasura's front as its environment variables set it up: who is let in and how, what is served, what is logged.
 *
 * Source: https://hasura.io/docs/2.0/deployment/graphql-engine-flags/reference/
 */
import type { Environment } from '../webhook/settings.ts'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import { createCors } from './cors.ts'
import { createJwkCheck, type JwkCheck, type JwkConfig } from './jwk-refresh.ts'
import { anyOf, createJwtCheck, type JwtCheck, type JwtConfig } from './jwt.ts'
import { createLog, type Log, type Logger, readLogLevel, readLogTypes } from './log.ts'
import type { Api, ServeOptions } from './serve.ts'
import { type AuthHookConfig, createAuthHook } from './webhook-auth.ts'

export type FrontSettings = {
  adminSecret?: string | undefined
  unauthorizedRole?: string | undefined
  /** A token is good when it is good for one of them. */
  tokens: (JwtConfig | JwkConfig)[]
  hook?: AuthHookConfig
  apis?: ReadonlySet<Api>
  corsDomain?: string | undefined
  isAllowListEnabled: boolean
  areFunctionPermissionsInferred: boolean
}

export type Front = { options: ServeOptions; close(): void }

/**
 * Throws for JSON that is none, for tokens or a hook without an admin secret, where everybody would be admin, and for settings
 * of which one would be passed over: the server must not start without the lock that it was given.
 */
export function readFrontSettings(env: Environment): FrontSettings {
  const { HASURA_GRAPHQL_AUTH_HOOK: url, HASURA_GRAPHQL_ENABLED_APIS: apis } = env
  const adminSecret = env.HASURA_GRAPHQL_ADMIN_SECRET || undefined
  const tokens = tokensOf(env)
  const unauthorizedRole = env.HASURA_GRAPHQL_UNAUTHORIZED_ROLE || undefined
  if (adminSecret === undefined && (url || tokens.length > 0))
    throw new Error('JWT secrets and the authorization hook need HASURA_GRAPHQL_ADMIN_SECRET as well')
  if (url && tokens.length > 0)
    throw new Error('both webhook and JWT mode cannot be enabled at the same time')
  if (unauthorizedRole !== undefined && (adminSecret === undefined || url))
    throw new Error(
      'HASURA_GRAPHQL_UNAUTHORIZED_ROLE needs HASURA_GRAPHQL_ADMIN_SECRET, and has no place beside HASURA_GRAPHQL_AUTH_HOOK',
    )
  return {
    adminSecret,
    unauthorizedRole,
    tokens,
    ...(url ? { hook: hookOf(url, env) } : {}),
    ...(apis ? { apis: new Set(apis.split(',').map(api => api.trim() as Api)) } : {}),
    corsDomain: env.HASURA_GRAPHQL_CORS_DOMAIN,
    isAllowListEnabled: env.HASURA_GRAPHQL_ENABLE_ALLOWLIST === 'true',
    areFunctionPermissionsInferred: env.HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS !== 'false',
  }
}

function tokensOf({ HASURA_GRAPHQL_JWT_SECRET: one, HASURA_GRAPHQL_JWT_SECRETS: several }: Environment) {
  const tokens: FrontSettings['tokens'] = one ? [JSON.parse(one)] : several ? JSON.parse(several) : []
  for (const token of tokens)
    if (!('jwk_url' in token) && (typeof token?.type !== 'string' || typeof token.key !== 'string'))
      throw new Error('a JWT secret has a jwk_url, or type and key')
  return tokens
}

function hookOf(url: string, env: Environment): AuthHookConfig {
  return {
    url,
    mode: env.HASURA_GRAPHQL_AUTH_HOOK_MODE?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    sendRequestBody: env.HASURA_GRAPHQL_AUTH_HOOK_SEND_REQUEST_BODY !== 'false',
  }
}

/** Lines go to `logger`, for example pino. */
export function logOf(env: Environment, logger: Logger): Log {
  const { HASURA_GRAPHQL_ENABLED_LOG_TYPES: types, HASURA_GRAPHQL_LOG_LEVEL: level } = env
  return createLog(logger, {
    ...(types === undefined ? {} : { types: readLogTypes(types) }),
    level: readLogLevel(level ?? 'info'),
  })
}

/**
 * Fetches the keys of the addresses that have some; throws when one of them gives none. `client` reaches what the
 * operator configured: it may have to be one that may go to private addresses.
 */
export async function openFront(
  settings: FrontSettings,
  { client, log }: { client: WebhookClient; log?: Log },
): Promise<Front> {
  const { adminSecret, unauthorizedRole, tokens, hook, apis, corsDomain } = settings
  const fetched: JwkCheck[] = []
  const close = () => {
    for (const keys of fetched) keys.close()
  }
  const checks: JwtCheck[] = []
  try {
    for (const token of tokens) {
      if (!('jwk_url' in token)) {
        checks.push(createJwtCheck(token))
        continue
      }
      const keys = await createJwkCheck(client, token, log)
      fetched.push(keys)
      checks.push(keys.check)
    }
    const [only] = checks
    const jwt = checks.length > 1 ? anyOf(checks) : only
    const auth = {
      adminSecret,
      unauthorizedRole,
      ...(jwt ? { jwt } : {}),
      ...(hook ? { hook: createAuthHook(client, hook, log) } : {}),
    }
    const about = {
      isAdminSecretSet: adminSecret !== undefined,
      isAuthHookSet: hook !== undefined,
      jwt: tokens,
      isAllowListEnabled: settings.isAllowListEnabled,
      areFunctionPermissionsInferred: settings.areFunctionPermissionsInferred,
    }
    return { options: { auth, ...(apis ? { apis } : {}), cors: createCors(corsDomain), about, log }, close }
  } catch (cause) {
    close()
    throw cause
  }
}
