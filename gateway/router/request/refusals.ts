/**
 * Why the router answered by itself instead of a service. Whoever does it writes the reason to `exchange.refusal`; when
 * the answer is out it becomes the event `router.refused` of the request's span (if that is sampled), the label of
 * `glimmr_router_refusals_total` and `refused` in the access log. What auth refuses has reasons of its own
 * (gateway/auth/refusals.ts): here that is `auth`.
 */
export type RefusalReason =
  // Before a route is looked for: requests that can be read in more than one way.
  | 'malformed_head'
  | 'head_too_large'
  | 'head_too_slow'
  | 'tunnel'
  | 'too_many_headers'
  | 'underscore_header'
  | 'target'
  | 'host'
  | 'http_version'
  | 'transfer_encoding'
  // By a middleware or for lack of a route.
  | 'no_route'
  | 'tls_options'
  | 'encoded_character'
  | 'path'
  | 'host_not_allowed'
  | 'address_not_allowed'
  | 'rate_limit'
  | 'rate_limit_unavailable'
  | 'in_flight_limit'
  | 'body_too_large'
  | 'answer_too_large'
  | 'circuit_open'
  | 'auth'
  | 'auth_unavailable'
  // By what stands behind.
  | 'no_server'
  | 'server_unreachable'
  | 'server_timeout'
  | 'server_malformed'
  | 'fault'

/** What an opened request is refused with before a rule looks at it. */
export const openingRefusals = {
  too_many_headers: 431,
  underscore_header: 400,
  target: 400,
  host: 400,
  http_version: 400,
  transfer_encoding: 501,
} as const satisfies Partial<Record<RefusalReason, number>>

export type OpeningRefusal = keyof typeof openingRefusals
