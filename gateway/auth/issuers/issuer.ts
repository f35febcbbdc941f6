/**
 * Issuers of tokens other than ourselves, as the operator configures them: `ISSUERS` (or `ISSUERS_FILE`) holds
 *
 *   { "issuers": [{ "name": "acme", "issuer": "https://login.acme.example/", "audience": "glimmr",
 *       "algorithms": ["RS256"],
 *       "organisation": { "claim": "tenant", "map": { "acme": "5f0c…" } },
 *       "roles": { "claim": "/realm_access/roles", "map": { "price-team": "uploader", "staff": "viewer" } } }] }
 *
 * Its keys are where `https://login.acme.example/.well-known/openid-configuration` says, or at `jwks_url` if that is given.
 * Without `roles` only users that core knows by issuer and subject (core.users) get in; without `organisation` they say in
 * X-Organisation which of their organisations a request is for.
 */
import { readFileSync } from 'node:fs'
import { limitClasses } from '@glimmr/lib/api-keys'
import { tokenIssuer } from '@glimmr/lib/auth'
import { plainFault } from '@glimmr/lib/plain-faults'
import { tokenAlgorithms } from '@glimmr/lib/published-keys'
import { z } from 'zod'
import { descriptionUrl } from './discovery.ts'
import { addressFault } from './issuer-document.ts'

/** A claim by its name, or by a JSON pointer (RFC 6901) into the token: `/realm_access/roles`. */
const claim = z.string().min(1).max(200)
const organisation = z.uuid().transform(id => id.toLowerCase())
/** What an issuer can give: never `operator`, whose keys this installation makes itself. */
const role = z.enum(['admin', 'uploader', 'partner', 'viewer'])

const shared = {
  /** Begins the subject of its users: `acme:…`. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/)
    .refine(name => name !== 'key', 'is taken by our own keys'),
  /** `iss` of its tokens, to the letter. */
  issuer: z
    .string()
    .min(1)
    .max(500)
    .refine(issuer => issuer !== tokenIssuer, 'is our own'),
  /** `aud` its tokens must have: without this check any token of that issuer, made for anybody, would do here. */
  audience: z.string().min(1).max(500),
  organisation: z
    .union([
      z.strictObject({ value: organisation }),
      z.strictObject({ claim, map: z.record(z.string(), organisation).optional() }),
    ])
    .optional(),
  roles: z
    .union([
      z.strictObject({ value: z.array(role).min(1) }),
      z.strictObject({ claim, map: z.record(z.string(), role).optional() }),
    ])
    .optional(),
  /** Narrows what the roles give; a token without this claim has none. */
  scopes: z.strictObject({ claim }).optional(),
  limit_class: z.enum(limitClasses).default('standard'),
}

const byKeys = z.strictObject({
  ...shared,
  /** Without it the issuer, which is a URL then, is asked where its keys are (OpenID Connect Discovery). */
  jwks_url: z.url({ protocol: /^https?$/ }).optional(),
  algorithms: z.array(z.enum(tokenAlgorithms)).min(1).default(['RS256']),
  /** For an issuer in the operator's own network: private addresses; http on this machine only. */
  private: z.boolean().default(false),
})

const bySecret = z.strictObject({
  ...shared,
  algorithms: z.tuple([z.literal('HS256')]),
  /** Holds the shared secret, 32 bytes or more. */
  secret_file: z.string().min(1),
})

export type IssuerBase = Pick<
  z.infer<typeof byKeys>,
  'name' | 'issuer' | 'audience' | 'organisation' | 'roles' | 'scopes' | 'limit_class'
>
export type Issuer = IssuerBase &
  (
    | { kind: 'keys'; jwksUrl: string | undefined; algorithms: readonly string[]; private: boolean }
    | { kind: 'secret'; secret: Uint8Array }
  )

const list = z.strictObject({ issuers: z.array(z.record(z.string(), z.unknown())).max(100) })

/** Throws what is wrong, without the secrets. */
export function parseIssuers(text: string): Issuer[] {
  const issuers = parsed(list, json(text), 'the list').issuers.map((given, index) =>
    issuerOf(given, `issuer ${index + 1}`),
  )
  for (const field of ['name', 'issuer'] as const)
    if (new Set(issuers.map(one => one[field])).size < issuers.length)
      throw new Error(`ISSUERS: two have the same ${field}`)
  return issuers
}

function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown, what: string): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(given, { error: plainFault })
  if (!success) throw new Error(`ISSUERS: ${what}: ${z.prettifyError(error)}`)
  return data
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('ISSUERS: this is not JSON')
  }
}

function issuerOf(given: Record<string, unknown>, what: string): Issuer {
  if ('secret_file' in given) {
    const issuer = parsed(bySecret, given, what)
    // Bytes, without the newline that editors put at the end.
    const secret = readFileSync(issuer.secret_file, 'latin1').replace(/\r?\n$/, '')
    if (secret.length < 32)
      throw new Error(`ISSUERS: the secret of ${issuer.name} is shorter than 32 bytes (RFC 7518 §3.2)`)
    return { ...issuer, kind: 'secret', secret: Buffer.from(secret, 'latin1') }
  }
  const issuer = parsed(byKeys, given, what)
  const fault = addressFault(issuer.jwks_url ?? discoverable(issuer), issuer.private)
  if (fault !== undefined) throw new Error(`ISSUERS: ${issuer.name}: ${fault}`)
  return { ...issuer, kind: 'keys', jwksUrl: issuer.jwks_url }
}

/** A URL without query and fragment (OpenID Connect Discovery §2): another `iss` says nothing about where to ask. */
function discoverable({ name, issuer }: IssuerBase): string {
  if (!URL.canParse(issuer) || /[?#]/.test(issuer))
    throw new Error(`ISSUERS: ${name}: the issuer is no URL to ask for its keys: give jwks_url`)
  return descriptionUrl(issuer)
}
