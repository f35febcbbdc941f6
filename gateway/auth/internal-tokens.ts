/** The short token that stands for a credential behind the gateway: one for each subject in an organisation, renewed in time. */
import type { Principal } from './principal.ts'
import type { Tokens } from './tokens.ts'

const lifetimeSeconds = 300
const renewBeforeMs = 60_000
const maxTokens = 20_000

type Entry = { token: string; expiresAtMs: number; version: string; kid: string; renewing: boolean }

export type InternalTokens = {
  /** At once while there is one; signing takes a millisecond. */
  for(principal: Principal): string | Promise<string>
}

export function createInternalTokens(tokens: Tokens, now: () => number): InternalTokens {
  const entries = new Map<string, Entry>()
  const issue = async (principal: Principal, kid: string): Promise<string> => {
    const { name, version } = principal
    const expiresAtMs = now() + lifetimeSeconds * 1000
    const token = await tokens.issue(principal, lifetimeSeconds)
    entries.delete(name)
    entries.set(name, { token, expiresAtMs, version, kid, renewing: false })
    if (entries.size > maxTokens) entries.delete(entries.keys().next().value ?? '')
    return token
  }
  return {
    for(principal) {
      const entry = entries.get(principal.name)
      // What core changed about a key is in the next token, not in the one after five minutes; so is a new signing key.
      const kid = tokens.signedBy()
      const fits = entry && entry.version === principal.version && entry.kid === kid
      const leftMs = fits ? entry.expiresAtMs - now() : 0
      if (!fits || leftMs < 5000) return issue(principal, kid)
      if (leftMs < renewBeforeMs && !entry.renewing) {
        entry.renewing = true
        issue(principal, kid).catch(() => {
          entry.renewing = false
        })
      }
      return entry.token
    },
  }
}
