/** Who a request is from: what it shows itself, or what the authorization hook says of it. */

import type { Session } from '../session.ts'
import { type AuthOptions, authenticate, showsSecret } from './auth.ts'
import type { Headers } from './jwt.ts'
import type { AuthHook } from './webhook-auth.ts'

export type IdentifyOptions = AuthOptions & {
  /** Asked for every request that does not show the admin secret. Needs an admin secret. */
  hook?: AuthHook | undefined
}
export type Identified = Session & {
  /** Cookies that the hook sets. */
  setCookies?: string[]
}

export async function identify(
  options: IdentifyOptions,
  request: { headers: Headers; body?: unknown },
): Promise<Identified> {
  const { hook, adminSecret } = options
  if (!hook || adminSecret === undefined || showsSecret(request.headers))
    return authenticate(options, request.headers)
  return hook(request)
}
